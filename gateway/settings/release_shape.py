"""What a release has to wait for: sign-offs before a stage is widened, and how many partners a stage takes."""

from gateway.policy.vocabulary import Stage
from gateway.settings.section import Count, Name, Section


class ReleaseSection(Section, frozen=True, kw_only=True):
    """What a model needs to be widened to one stage, and how many partners it may have there."""

    signoffs: tuple[Name, ...] = ()
    partners_at_most: Count | None = None


class ReleasesSection(Section, frozen=True, kw_only=True):
    """The stages to which a model can be widened. The tools hold every model to this, and a gated model's own `stage` is held to it too."""

    evaluation: ReleaseSection = ReleaseSection()
    preview: ReleaseSection = ReleaseSection()
    general: ReleaseSection = ReleaseSection()


def release_of(stage: Stage, releases: ReleasesSection) -> ReleaseSection:
    """Give what is asked for `stage`: nothing to suspend."""
    return ReleaseSection() if stage is Stage.SUSPENDED else getattr(releases, stage.value)


def unsigned(stage: Stage, releases: ReleasesSection) -> Stage:
    """Give the widest stage up to `stage` that a model may have without any sign-off: all that settings alone can give it."""
    widest = Stage.SUSPENDED
    for step in Stage:
        if release_of(step, releases).signoffs:
            return widest
        widest = step
        if step is stage:
            break
    return widest
