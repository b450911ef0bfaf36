"""Reads and writes safetensors files: an 8-byte length, a JSON header, the numbers.

Both directions are a few lines of numpy, so that nothing here needs a library
that Debian does not have.
"""
import json
import struct

import numpy as np

DTYPES = {"F16": "<f2", "F32": "<f4", "U8": "u1"}


def pack(tensors, metadata):
    """The bytes of a file with these numpy arrays, in this order."""
    names = {np.dtype(d): n for n, d in DTYPES.items()}
    header, data = {"__metadata__": metadata}, b""
    for name, t in tensors.items():
        raw = np.ascontiguousarray(t).tobytes()
        header[name] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def unpack(raw):
    """(name -> array, metadata) of the bytes of a file."""
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + n])
    metadata = header.pop("__metadata__", {})
    at = lambda t: raw[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]]
    return {name: np.frombuffer(at(t), DTYPES[t["dtype"]]).reshape(t["shape"]) for name, t in header.items()}, metadata
