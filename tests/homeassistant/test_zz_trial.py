import asyncio
async def test_show(gateway, home):
    await asyncio.sleep(15)
    for u,e in sorted(home.entities().items()):
        s=home.state(u)
        print(u, "|", e.entity_id, "|", e.domain, s and s.state, {k:v for k,v in (s.attributes if s else {}).items() if k not in ("options",)}, e.entity_category, e.disabled_by)
    for d in home.devices().values(): print(d.name, d.manufacturer, d.model, d.serial_number, d.via_device_id, d.identifiers, d.sw_version)
    print("W", *home.warnings, sep="\n")
    print("G", *gateway.heard, sep="\n")
