"""``teleinfo demo``: two simulated meters, and what a client of the network hears of them."""

import asyncio
import re
import signal

TIME = r"\d\d:\d\d:\d\d"
SOURCE = r"domogik-teleinfo\.\w+"


async def test_it_prints_what_both_meters_say_until_nobody_reads(teleinfo):
    program = await teleinfo("demo")
    await program.line("Simulated meters: ", " on /dev/pts/")
    await program.line("Their messages stay on this machine")
    adcos = {}
    async with asyncio.timeout(40):
        while len(adcos) < 2:
            line = (await program.process.stdout.readline()).decode()
            told = re.fullmatch(
                rf"{TIME} {SOURCE} teleinfo\.(?:basic|short) (adco=(\w+) .*)\n", line
            )
            if told:
                adcos[told[2]] = told[1]
    assert all(adco.startswith("00") for adco in adcos)  # no real meter's
    assert all(body.endswith(f" device={adco}") for adco, body in adcos.items())
    program.process._transport.get_pipe_transport(1).close()  # as ``| head`` does
    async with asyncio.timeout(30):
        assert await program.process.wait() == 1
        said = (await program.process.stderr.read()).decode()
    assert "stopped" in said
    assert "Traceback" not in said


async def test_its_history_is_marked_as_invented_and_gone_after_sigterm(teleinfo, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    program = await teleinfo("demo", env={"TMPDIR": str(folder)})
    await program.line("history of 13 months", "invented", "forgotten at the end")
    await program.line("meter house: ok")
    assert list(folder.glob("teleinfo-demo-*/history.db"))
    program.signal(signal.SIGTERM)
    code, _, said = await program.end()
    assert code == 0
    assert "Traceback" not in said
    assert "ERROR" not in said.replace("ERROR no HTTP API", "")  # its port may be taken
    assert not list(folder.iterdir())


async def test_a_signal_ends_it_with_code_0(teleinfo):
    program = await teleinfo("demo")
    await program.line("xPL:")
    program.signal(signal.SIGINT)
    code, _, said = await program.end()
    assert code == 0
    assert "Traceback" not in said
