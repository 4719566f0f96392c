"""How nginx is run here: in a directory of its own, never the system's service."""

from pathlib import Path

from bench.program import find, said


def nginx_command(settings: Path) -> list[str]:
    """Run nginx with these settings; its files lie beside them, its modules where Debian puts them."""
    directory = settings.parent
    modules = Path("/usr/lib/nginx/modules")
    if modules.exists() and not (link := directory / "modules").exists():
        link.symlink_to(modules)
    return [find("nginx"), "-c", str(settings), "-p", str(directory), "-e", str(directory / "error.log")]


def nginx_version() -> str:
    """Such as 1.22.1."""
    return said("nginx", "-v").partition("/")[2]
