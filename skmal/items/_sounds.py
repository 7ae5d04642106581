"""Sound files, as paths: what they are called, and whether one is there.

Nothing here decodes them: a browser plays them, and the encoder is the user's.
"""

import os
import stat
from pathlib import Path

MIMETYPES = {
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}
HEADS = {  # how files of an ending begin
    ".flac": (b"fLaC", b"ID3"),
    ".mp3": (b"ID3", b"\xff"),
    ".oga": (b"OggS",),
    ".ogg": (b"OggS",),
    ".opus": (b"OggS",),
    ".wav": (b"RIFF", b"RF64"),
}


def is_sound(item: object) -> bool:
    """Say whether a path or a name is that of a sound file, by its ending."""
    return isinstance(item, (str, Path)) and Path(item).suffix.lower() in MIMETYPES


def sound_fault(path: Path) -> str | None:
    """Return what is wrong with a sound file as far as its first bytes tell."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            return "it is no file"
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not head:
        return "it is empty"
    if not head.startswith(HEADS[path.suffix.lower()]):
        return f"it is no {path.suffix} file: it begins with {head!r}"
    return None
