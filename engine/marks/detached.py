"""Manifests for files that the official library need not hold: we tell it their hash.

The library's own way of signing keeps a whole file in memory several times over and knows no place
in an Ogg file. Its C interface (c2pa.h of c2pa-rs 0.91) also signs what somebody else has hashed,
which the Python classes around it do not show; a test fails should a later version lack it.
"""

import ctypes
import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import c2pa
from c2pa import c2pa as wrapped
from msgspec import Struct

from engine.marks.credentials import Credentials

MANIFEST = "application/c2pa"
"""A manifest store by itself, as it stands in a file of its own."""
_LIBRARY: Any = vars(wrapped)["_lib"]


class Hashed(Struct, frozen=True, kw_only=True):
    """A file's SHA-256 without the bytes from ``start`` on, ``length`` of them, where its manifest
    will stand."""

    sha256: bytes
    start: int = 0
    length: int = 0


class Detached:
    """One manifest on its way: how long it will be, then the manifest itself. Signs once."""

    def __init__(self, manifest: Mapping[str, Any], credentials: Credentials) -> None:
        who = c2pa.C2paSignerInfo(
            alg=b"es256", sign_cert=credentials.chain, private_key=credentials.key, ta_url=None
        )
        with ExitStack() as held:
            self._signer: Any = held.enter_context(c2pa.Signer.from_info(who))
            self._builder: Any = held.enter_context(c2pa.Builder(json.dumps(manifest)))
            self.bytes = len(self._placeholder())
            self._held = held.pop_all()

    def __enter__(self) -> "Detached":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def sign(self, hashed: Hashed) -> bytes:
        """The manifest of a file with this hash; exactly ``bytes`` long."""
        holes = [{"start": hashed.start, "length": hashed.length}] if hashed.length else []
        said = {
            "exclusions": holes, "name": "jumbf manifest", "alg": "sha256",
            "hash": list(hashed.sha256), "pad": [],
        }  # fmt: skip
        made = self._signed(json.dumps(said).encode())
        if len(made) != self.bytes:
            raise c2pa.C2paError(f"a manifest of {len(made)} bytes where {self.bytes} were kept")
        return made

    def _placeholder(self) -> bytes:
        function, out = _LIBRARY.c2pa_builder_data_hashed_placeholder, ctypes.c_void_p()
        function.argtypes = (_HANDLE, ctypes.c_size_t, _TEXT, _OUT)
        function.restype = ctypes.c_int64
        room = self._signer.reserve_size()
        size = function(_handle(self._builder), room, MANIFEST.encode(), ctypes.byref(out))
        return _taken(size, out)

    def _signed(self, said: bytes) -> bytes:
        function, out = _LIBRARY.c2pa_builder_sign_data_hashed_embeddable, ctypes.c_void_p()
        function.argtypes = (_HANDLE, _HANDLE, _TEXT, _TEXT, _HANDLE, _OUT)
        function.restype = ctypes.c_int64
        builder, signer = _handle(self._builder), _handle(self._signer)
        size = function(builder, signer, said, MANIFEST.encode(), None, ctypes.byref(out))
        return _taken(size, out)


_HANDLE, _TEXT, _OUT = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)


def _handle(one: Any) -> Any:
    return ctypes.cast(vars(one)["_handle"], ctypes.c_void_p)


def _taken(size: int, out: Any) -> bytes:
    """What the library wrote, copied; its own memory is given back."""
    if size < 0 or not out.value:
        raise c2pa.C2paError("the library could not sign")
    try:
        return ctypes.string_at(out.value, size)
    finally:
        _LIBRARY.c2pa_free(out)
