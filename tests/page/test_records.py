"""What the page believes of the API is what the API says."""

from pathlib import Path

from teleinfo_gateway.web import typescript

ROOT = Path(__file__).parents[2]
UI = ROOT / "plugin/teleinfo_gateway/web/ui"


def test_the_types_of_the_page_are_the_records_of_the_api():
    committed = (UI / "src/gateway/records.ts").read_text(encoding="utf-8")
    assert committed == typescript.records(), "make records"
