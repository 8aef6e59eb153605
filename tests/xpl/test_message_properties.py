import contextlib
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from xpl import Address, DecodeError, Message, MessageType, Target
from xpl.message import MAX_BYTES

LOWER = string.ascii_lowercase + string.digits
WORD = LOWER + "-"


def words(alphabet: str, low: int, high: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=low, max_size=high)


addresses = st.builds(Address, words(LOWER, 3, 8), words(LOWER, 1, 8), words(WORD, 1, 16)).filter(
    lambda address: not str(address).startswith("xpl-group.")
)
targets = st.one_of(
    st.just(Target()),
    st.builds(Target, address=addresses),
    st.builds(Target, group=words(WORD, 1, 16)),
)
values = st.text([chr(code) for code in range(0x20, 0x7F)], min_size=1, max_size=128)
bodies = st.lists(st.tuples(words(WORD, 1, 16), values), min_size=1, max_size=9)
schemas = st.builds("{}.{}".format, words(WORD, 1, 8), words(WORD, 1, 8))
commands = st.builds(
    Message,
    st.just(MessageType.CMND),
    source=addresses,
    target=targets,
    schema=schemas,
    body=bodies,
    hop=st.integers(1, 9),
)
reports = st.builds(
    Message,
    st.sampled_from([MessageType.STAT, MessageType.TRIG]),
    source=addresses,
    schema=schemas,
    body=bodies,
)


@settings(deadline=None)
@given(st.one_of(commands, reports))
def test_what_is_written_is_read_back(message: Message) -> None:
    data = message.encode()
    assert len(data) <= MAX_BYTES
    assert Message.decode(data) == message


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_random_bytes_are_a_message_or_a_decode_error(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        Message.decode(data)


@settings(deadline=None)
@given(commands, st.data())
def test_a_damaged_message_is_a_message_or_a_decode_error(
    message: Message, data: st.DataObject
) -> None:
    wire = bytearray(message.encode())
    at = data.draw(st.integers(0, len(wire)))
    wire[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    with contextlib.suppress(DecodeError):
        Message.decode(bytes(wire))


@settings(deadline=None)
@given(commands, st.data())
def test_a_truncated_message_is_never_taken_for_a_whole_one(
    message: Message, data: st.DataObject
) -> None:
    wire = message.encode()
    cut = wire[: data.draw(st.integers(0, len(wire) - 2))]
    try:
        Message.decode(cut)
    except DecodeError:
        return
    raise AssertionError(cut)
