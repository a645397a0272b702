"""Readers of sound files, written from the public formats and from nothing of ours.

RIFF and its lists, RFC 3533 with its checksum bit by bit, RFC 9639's blocks, ID3v2.3's frames,
Vorbis comments.
"""

from struct import unpack, unpack_from


def chunks(content: bytes) -> dict[bytes, list[bytes]]:
    """Every chunk of a WAV file by name, in order; sizes must add up to the last byte."""
    assert content[:4] == b"RIFF" and content[8:12] == b"WAVE"
    assert unpack("<I", content[4:8])[0] == len(content) - 8
    return _listed(content[12:])


def _listed(content: bytes) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    at = 0
    while at < len(content):
        name, size = content[at : at + 4], unpack("<I", content[at + 4 : at + 8])[0]
        found.setdefault(name, []).append(content[at + 8 : at + 8 + size])
        if size % 2:
            assert content[at + 8 + size] == 0
        at += 8 + size + size % 2
    assert at == len(content)
    return found


def lists(content: bytes) -> dict[bytes, dict[bytes, list[bytes]]]:
    """The lists of a WAV file by kind: each entry by name."""
    return {one[:4]: _listed(one[4:]) for one in chunks(content).get(b"LIST", [])}


def info(content: bytes) -> dict[str, str]:
    """The texts of LIST INFO; each ends with one NUL."""
    found = {}
    for name, values in lists(content)[b"INFO"].items():
        assert len(values) == 1 and values[0].endswith(b"\0") and values[0].count(b"\0") == 1
        found[name.decode()] = values[0][:-1].decode()
    return found


def cues(content: bytes) -> list[tuple[int, str]]:
    """Frame and name of every cue point, matched by its identifier."""
    points = chunks(content)[b"cue "][0]
    names = {
        unpack_from("<I", one)[0]: one[4:].split(b"\0")[0].decode()
        for one in lists(content)[b"adtl"][b"labl"]
    }
    found = []
    for place in range(unpack_from("<I", points)[0]):
        identifier, _, chunk, _, _, frame = unpack_from("<II4sIII", points, 4 + 24 * place)
        assert chunk == b"data"
        found.append((frame, names.pop(identifier)))
    assert not names and len(points) == 4 + 24 * len(found)
    return found


def id3(content: bytes) -> dict[str, str]:
    """The frames of an ID3v2.3 tag: texts by name, named texts as ``TXXX:name``."""
    assert content[:5] == b"ID3\x03\x00"
    size = 0
    for byte in content[6:10]:
        assert byte < 128
        size = size * 128 + byte
    body, found, at = content[10 : 10 + size], {}, 0
    assert len(body) == size
    while at < size:
        name, length = body[at : at + 4].decode("ascii"), unpack_from(">I", body, at + 4)[0]
        value = body[at + 10 : at + 10 + length]
        assert len(value) == length and value[0] == 1  # UTF-16 with its mark
        if name == "TXXX":
            described, said = _two(value[1:])
            name, text = f"TXXX:{described}", said
        elif name == "COMM":
            text = _two(value[4:])[1]
        else:
            text = value[1:].decode("utf-16")
        assert name not in found
        found[name] = text
        at += 10 + length
    assert at == size
    return found


def id3_bytes(content: bytes) -> int:
    """Where the sound begins behind the tag."""
    return 10 + sum((content[6 + place] & 127) << 7 * (3 - place) for place in range(4))


def _two(value: bytes) -> tuple[str, str]:
    at = next(place for place in range(0, len(value), 2) if value[place : place + 2] == b"\0\0")
    return value[:at].decode("utf-16"), value[at + 2 :].decode("utf-16")


def comments(block: bytes) -> dict[str, str]:
    """A Vorbis comment block without framing; it must end where its last comment ends."""
    at = 4 + unpack_from("<I", block)[0]
    count, at = unpack_from("<I", block, at)[0], at + 4
    found: dict[str, str] = {}
    for _ in range(count):
        size = unpack_from("<I", block, at)[0]
        name, value = block[at + 4 : at + 4 + size].decode().split("=", 1)
        assert name not in found
        found[name] = value
        at += 4 + size
    assert at == len(block)
    return found


def flac_blocks(content: bytes) -> list[tuple[int, bytes]]:
    """The metadata blocks of a FLAC file; a frame's sync code must follow the last."""
    assert content[:4] == b"fLaC"
    blocks, at, last = [], 4, False
    while not last:
        last, kind = content[at] >= 128, content[at] & 127
        size = int.from_bytes(content[at + 1 : at + 4], "big")
        blocks.append((kind, content[at + 4 : at + 4 + size]))
        at += 4 + size
    assert blocks[0][0] == 0 and content[at] == 0xFF and content[at + 1] & 0xFE == 0xF8
    return blocks


def flac_comments(content: bytes) -> dict[str, str]:
    found = [block for kind, block in flac_blocks(content) if kind == 4]
    assert len(found) == 1
    return comments(found[0])


def ogg_packets(content: bytes) -> tuple[list[bytes], int]:
    """The packets of the only stream in an Ogg file, and the last position; all of RFC 3533 that
    a reader may insist on: checksums, page numbers, flags of beginning, end and continuation."""
    packets, packet, at, number, position = [], b"", 0, 0, 0
    serials = set()
    ended = False
    while at < len(content):
        assert content[at : at + 5] == b"OggS\0" and not ended
        flags, place, serial, count, said = unpack_from("<BqIII", content, at + 5)
        segments = content[at + 26]
        lacing = content[at + 27 : at + 27 + segments]
        size = 27 + segments + sum(lacing)
        page = content[at : at + size]
        assert len(page) == size and count == number
        assert said == crc(page[:22] + bytes(4) + page[26:])
        assert bool(flags & 2) == (number == 0) and bool(flags & 1) == bool(packet)
        ended = bool(flags & 4)
        serials.add(serial)
        start, finished = 27 + segments, False
        for length in lacing:
            packet += page[start : start + length]
            start += length
            if length < 255:
                packets.append(packet)
                packet, finished = b"", True
        assert (place >= 0) == finished
        position = place if finished else position
        at, number = at + size, number + 1
    assert ended and not packet and len(serials) == 1
    return packets, position


def ogg_comments(content: bytes) -> dict[str, str]:
    packets, _ = ogg_packets(content)
    assert packets[0][:7] == b"\x01vorbis" and packets[2][:7] == b"\x05vorbis"
    assert packets[1][:7] == b"\x03vorbis" and packets[1][-1] == 1
    return comments(packets[1][7:-1])


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        register = byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x104C11DB7 if register & 0x80000000 else 0)
        table.append(register & 0xFFFFFFFF)
    return table


_CRC = _crc_table()


def crc(content: bytes) -> int:
    register = 0
    for byte in content:
        register = ((register << 8) & 0xFFFFFFFF) ^ _CRC[(register >> 24) ^ byte]
    return register
