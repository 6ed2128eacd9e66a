"""Encryption at rest, for spool folders whose disk others may get to see."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

_PIECE = 2**20
_KEY_BYTES = 32


class UnsealError(Exception):
    """The file was sealed with another key, or damaged."""

    def __init__(self) -> None:
        super().__init__(
            "A spool file cannot be opened with SPOOL_KEY: it was sealed with another key, or is damaged."
        )


def problem_with(key: str) -> str:
    """Why a key cannot be used, as the end of a sentence; empty where it can."""
    try:
        is_good = len(urlsafe_b64decode(key)) == _KEY_BYTES
    except ValueError:
        is_good = False
    return (
        ""
        if is_good
        else "must be 32 random bytes in URL-safe Base64, such as `openssl rand -base64 32 | tr +/ -_` prints"
    )


def seal(plain: BinaryIO, sealed: BinaryIO) -> None:
    """Encrypt piece by piece, a line each, so that memory does not grow with the file."""
    key = Fernet(settings.SPOOL_KEY)
    sealed.writelines(
        key.encrypt(number.to_bytes(8) + piece) + b"\n" for number, piece in enumerate(_pieces(plain))
    )
    sealed.write(key.encrypt(_END) + b"\n")


def unseal(sealed: BinaryIO, plain: BinaryIO) -> None:
    """Decrypt what `seal` wrote. Raises UnsealError, also without a key, or where pieces are missing or disordered."""
    if not settings.SPOOL_KEY:
        raise UnsealError
    key, ended, number = Fernet(settings.SPOOL_KEY), False, 0
    for line in sealed:
        try:
            piece = key.decrypt(line.rstrip(b"\n"))
        except InvalidToken:
            raise UnsealError from None
        if ended or (piece != _END and piece[:8] != number.to_bytes(8)):
            raise UnsealError
        ended = piece == _END
        if not ended:
            plain.write(piece[8:])
            number += 1
    if not ended:
        raise UnsealError
    plain.flush()


_END = b"end"


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece
