"""Why the system refuses, and what a person does about it."""

from __future__ import annotations

import errno

_OWN_IT = "Let this user read and write the file and its folder, or name another place"
_MOUNTED = (
    "It is mounted there by itself: mount its folder instead, or let this user write the file"
)

_REMEDIES = {
    errno.EACCES: _OWN_IT,
    errno.EPERM: _OWN_IT,
    errno.EROFS: "Name a place that can be written to",
    errno.ENOSPC: "Make room there",
    errno.EDQUOT: "Make room there",
    errno.EISDIR: "Name a file, not a folder",
    errno.ENOTDIR: "A file is in the place of a folder: name another place",
    errno.EEXIST: "A file is in the place of a folder: name another place",
    errno.ELOOP: "Look where the link that is there leads, and remove it",
    errno.ENAMETOOLONG: "Name a place with a shorter path",
    errno.ENXIO: "Name a regular file",
    errno.EBUSY: _MOUNTED,
    errno.EXDEV: _MOUNTED,
    errno.ESTALE: "Start it again with the folder of the file mounted, not the file",
}

_OTHERWISE = "Look at the disk and the folder, or name another place"


def reason(error: BaseException) -> str:
    """:returns: two sentences without the last dot: what the system said, and what to do now."""
    said = getattr(error, "strerror", None) or type(error).__name__
    remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, _OTHERWISE)
    return f"{said}. {remedy}"
