"""What waits for a slow broker: of states the latest, of events all in their order; no more."""

from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.outbox import Outbox

MAX_EVENTS = 1000


def state(topic, text="1", *, qos=0):
    return Message(topic, str(text), qos, retain=True)


def event(text, topic="event"):
    return Message(topic, str(text), qos=1)


def taken(outbox):
    """All that waits, oldest first."""
    messages = []
    while (message := outbox.take()) is not None:
        messages.append(message)
    return messages


def test_an_empty_one_has_nothing_to_give():
    outbox = Outbox()
    assert outbox.take() is None
    assert (len(outbox), outbox.lost) == (0, 0)
    assert not outbox


def test_a_newer_state_takes_the_place_of_the_one_that_waits():
    outbox = Outbox()
    for message in (state("a", 1), state("b", 1), event(1), state("a", 2)):
        outbox.put(message)
    assert taken(outbox) == [state("a", 2), state("b", 1), event(1)]


def test_what_changes_all_the_time_has_its_turn():
    outbox = Outbox()
    sent = []
    for number in range(30):
        for topic in "abcdef":
            outbox.put(state(topic, number))
        sent.append(outbox.take().topic)
    assert {topic: sent.count(topic) for topic in "abcdef"} == dict.fromkeys("abcdef", 5)


def test_a_state_of_qos_1_does_not_overtake_what_was_put_before_it():
    outbox = Outbox()
    for message in (state("a", 1, qos=1), event(1), state("b"), state("a", "", qos=1)):
        outbox.put(message)
    assert taken(outbox) == [event(1), state("b"), state("a", "", qos=1)]


def test_what_is_not_retained_and_may_get_lost_is_a_state_too():
    outbox = Outbox()
    outbox.put(Message("frame", "1"))
    outbox.put(Message("frame", "2"))
    assert taken(outbox) == [Message("frame", "2")]


def test_of_too_many_events_the_oldest_are_lost_and_counted():
    outbox = Outbox()
    outbox.put(state("a"))
    for number in range(MAX_EVENTS + 7):
        outbox.put(event(number))
    assert (len(outbox), outbox.lost) == (MAX_EVENTS + 1, 7)
    assert taken(outbox) == [state("a"), *map(event, range(7, MAX_EVENTS + 7))]
    outbox.put(event("again"))
    assert (outbox.take(), outbox.lost) == (event("again"), 7)


def test_what_is_cleared_counts_as_lost_if_it_is_an_event():
    outbox = Outbox()
    for message in (state("a"), event(1), event(2)):
        outbox.put(message)
    outbox.clear()
    assert (len(outbox), outbox.lost, outbox.take()) == (0, 2, None)
    outbox.clear()
    assert outbox.lost == 2


messages = st.one_of(
    st.builds(state, st.sampled_from("abc"), st.integers(0, 9), qos=st.sampled_from([0, 1])),
    st.builds(event, st.integers(0, 99)),
)


@given(st.lists(st.one_of(messages, st.none()), max_size=60))
def test_whatever_comes_and_goes_the_last_states_and_every_event_are_given(steps):
    outbox = Outbox()
    given_, put = [], []
    for step in steps:
        if step is None:
            given_ += filter(None, [outbox.take()])
        else:
            put.append(step)
            outbox.put(step)
    given_ += taken(outbox)
    assert [m for m in given_ if not m.retain] == [m for m in put if not m.retain]
    for topic in "abc":
        of_topic = [m for m in put if m.topic == topic]
        told = [m for m in given_ if m.topic == topic]
        assert told[-1:] == of_topic[-1:]
        left = iter(of_topic)
        assert all(m in left for m in told)  # in the order in which they were put
