"""What a release has to wait for: sign-offs before a stage is widened, and how many partners a stage takes."""

from gateway.settings.section import Count, Name, Section


class ReleaseSection(Section, frozen=True, kw_only=True):
    """What a model needs to be widened to one stage, and how many partners it may have there."""

    signoffs: tuple[Name, ...] = ()
    partners_at_most: Count | None = None


class ReleasesSection(Section, frozen=True, kw_only=True):
    """The stages to which a model can be widened. The tools hold every model to this."""

    evaluation: ReleaseSection = ReleaseSection()
    preview: ReleaseSection = ReleaseSection()
    general: ReleaseSection = ReleaseSection()
