#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The page that clocktrace merge writes, in a browser: what is drawn is at its true time, and
zoom, search and the rest do what they say. Screenshots are left in O/screenshots. Prints TAP.
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import devtools
import scale
import synthetic_perf
from points import check, main, run
from synthetic import HZ, Vcpu, Vm, World

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
SHOTS = os.path.join(TOOLS, "screenshots")
WORK = tempfile.mkdtemp()
SIZE = (1200, 500)
# The bar above the picture, and the column of names: viewer.html
BAR, LEFT = 30, 230
HOSTILE = "<b onclick=x>&amp;</script><script>hostile = 1</script>"
PAGES = {}


def page():
    """The one page in which all tests are"""
    if "page" not in PAGES:
        os.makedirs(SHOTS, exist_ok=True)
        PAGES["page"] = devtools.Page(devtools.find(), f"{WORK}/profile", SIZE)
    return PAGES["page"]


def ns(ticks):
    return ticks * 10**9 // HZ


def small():
    """A page with a guest of two vCPUs, which is opened anew, and the world of it"""
    if "small" not in PAGES:
        world = World(41)
        guest, vm = world.guest(HOSTILE), Vm(100, 7)
        for cpu in (0, 1):
            Vcpu(world, vm, cpu, -9_000_000 + cpu).run(world.stays(40), guest, cpu)
        paths = [guest.write(f"{WORK}/guest"), world.host.write(f"{WORK}/host")]
        status, _, err = run(MERGE, "-o", f"{WORK}/small.html", *paths)
        check(status == 0, err)
        PAGES["small"] = world
    page().open(f"{WORK}/small.html")
    return PAGES["small"]


def value(expression):
    return page().evaluate(expression)


def stays_of(world, cpu):
    """Times of entry and exit on a CPU of the host in ns, as the page counts them"""
    first = value("Number(data.start)")
    times = [time for time, name, _, _ in world.host.streams[cpu] if name != "kvm_guest_counter"]
    return [ns(time) - ns(first) for time in times]


def x_of(time):
    return value(f"LEFT + ({time} - left) * scale()")


def lane(kind, number):
    """Where a lane of the guest is on the page"""
    top = value(f"shown.find(one => one.kind == '{kind}' && one.number == {number} &&"
                " !data.machines[one.machine].host).top - scroll")
    return BAR + top + 10


def color_at(position):
    return value(f"Array.from(context.getImageData({position[0]} * devicePixelRatio,"
                 f" ({position[1]} - BAR_HEIGHT) * devicePixelRatio, 1, 1).data)"
                 .replace("BAR_HEIGHT", str(BAR)))


def test_opens_alone():
    small()
    check(not page().complaints(), *page().complaints())
    asked = page().requests()
    check(len(asked) == 1 and asked[0].startswith("file://"), *asked)
    check(len(page().screenshot(f"{SHOTS}/small.png")) > 5000, "an empty screenshot")


def test_hostile_name():
    small()
    check(value("typeof hostile") == "undefined", "a name was run")
    check(value("document.querySelectorAll('b').length") == 0, "a name became an element")
    check("<script>" in value("document.title"), value("document.title"))


def test_lanes():
    world = small()
    kinds = value("shown.map(one => [data.machines[one.machine].host, one.kind, one.number])")
    for want in ([True, "cpu", 0], [True, "cpu", 1], [False, "vcpu", 0], [False, "vcpu", 1],
                 [False, "cpu", 0], [False, "cpu", 1]):
        check(want in kinds, f"{want} is not in {kinds}")
    check(len(value("data.machines")) == 1 + len(world.truth), "machines")


def test_stays_are_where_they_were():
    """In a zoom on each of some stays: its middle is "in guest", the time before it is not"""
    world = small()
    for number in (3, 17, 30):
        times = stays_of(world, 1)
        entry, leave = times[2 * number:2 * number + 2]
        before = (times[2 * number - 1] + entry) / 2
        value(f"left = {before} - 2 * ({leave} - {before}), span = 6 * ({leave} - {before}), draw()")
        row = lane("vcpu", 1)
        # Below the text
        inside = color_at((x_of((entry + leave) / 2), row + 5))
        outside = color_at((x_of(before), row + 5))
        check(inside == [0x3f, 0x9a, 0x4c, 255], f"stay {number}: {inside}")
        check(outside != inside, f"before stay {number}: {outside}")
    page().screenshot(f"{SHOTS}/stay.png")


def test_wheel_keeps_the_time_under_it():
    small()
    at = (700, 200)
    under = f"left + ({at[0]} - LEFT) / scale()"
    time, span = value(under), value("span")
    for _ in range(10):
        page().wheel(at, -200)
    check(value("span") < span / 10, f"no zoom: {value('span')} of {span}")
    check(abs(value(under) - time) <= span / 1e6, f"{value(under)} is there, not {time}")
    page().wheel(at, 4000)
    check(value("span") > span / 10, "no way back")


def test_drag_and_keys():
    small()
    page().wheel((700, 200), -1500)
    left, factor = value("left"), value("scale()")
    page().drag((700, 200), (600, 200))
    check(abs(value("left") - left - 100 / factor) < 2 / factor, "not moved by what was dragged")
    left = value("left")
    value("canvas.focus()")
    page().key("a", "a")
    check(value("left") < left, "key a does not go to the left")
    span = value("span")
    page().key("w", "w")
    check(value("span") < span, "key w does not zoom")
    page().click(value("(box => [box.x + box.width / 2, box.y + box.height / 2])"
                       "(document.getElementById('all').getBoundingClientRect().toJSON())"))
    check(value("time_at(left) == first && span == whole"), "not all is shown")


def test_tip():
    world = small()
    times = stays_of(world, 0)
    entry, leave = times[10:12]
    value(f"left = {entry} - ({leave} - {entry}), span = 3 * ({leave} - {entry}), draw()")
    page().mouse("mouseMoved", (x_of((entry + leave) / 2), lane("vcpu", 0)))
    text = value("tip.style.display + ' ' + tip.textContent")
    check(text.startswith("block in guest"), text)
    check("vCPU 0" in text, text)
    page().mouse("mouseMoved", (10, lane("vcpu", 0)))
    check(value("tip.style.display") == "none", "the tip stays")


def search(text):
    value("document.getElementById('search').value = ''; document.getElementById('search').focus()")
    page().type(text)
    page().key("Enter", "\r")
    return value("found && [Number(time_of(found.lane, found.i)),"
                 " data.texts[found.lane.texts[found.i]]]")


def test_search():
    world = small()
    found = search("TEST_ev")
    first = value("Number(data.start)")
    times = sorted(ns(time) - ns(first) for truth in world.truth.values() for time in truth.values())
    check(found and abs(found[0] - times[0]) <= 1 and found[1] == "test_event",
          f"{found}, not {times[0]}")
    check(value("(time => left <= time && time <= left + span)(begin_of(found.lane, found.i))"),
          "it is not in sight")
    page().screenshot(f"{SHOTS}/search.png")
    page().key("Enter", "\r")
    later = value("Number(time_of(found.lane, found.i))")
    check(later > found[0] and any(abs(later - time) <= 1 for time in times), f"then {later}")
    check(search("no such name") is None, "what is not there is found")
    check(value("document.getElementById('search').style.background") != "", "and nothing is said")


def test_at_the_end_of_time():
    """Times that JavaScript's numbers round by 2 us: drawn, marked and told to the nanosecond"""
    end = (1 << 64) - 2
    world = World(43)
    world.now = end - 60_000
    guest, vcpu = world.guest("guest"), Vcpu(world, Vm(100, 7), 0, -(1 << 62))
    entries = list(range(world.now + 1_000, world.now + 41_000, 1_000))
    for entry in entries:
        vcpu.run([entry, entry + 300], guest, 0)
    world.host.streams[0].insert(0, (0, "kvm_write_tsc_offset", 1, {}))
    world.host.add(0, end, "kvm_write_tsc_offset", 1)
    lines = ((7, 1_000_000_000, 1000, 10**18),)
    paths = [synthetic_perf.write(trace, f"{WORK}/end-{trace.host}.data", lines=lines)
             for trace in (guest, world.host)]
    status, _, err = run(MERGE, "-o", f"{WORK}/end.html", *paths)
    check(status == 0, err)
    page().open(f"{WORK}/end.html")
    page().screenshot(f"{SHOTS}/end.png")
    for middle in entries[3], entries[30]:
        # As who zooms in step by step, each time to where it is
        for span in 10**15, 10**11, 10**7, 1_000:
            value(f"span = {span}, left = Number({middle}n - origin) - {span} / 3, clamp(), draw()")
        row = lane("vcpu", 0) + 5
        at = f"Number({middle}n - origin)"
        for distance, inside in ((-3, False), (2, True), (297, True), (303, False)):
            x = value(f"LEFT + ({at} + {distance} - left) * scale()")
            check((color_at((x, row)) == [0x3f, 0x9a, 0x4c, 255]) == inside,
                  f"{middle} + {distance}: {color_at((x, row))}")
        marks = value("(() => { const real = context.fillText, texts = []; context.fillText ="
                      " text => { texts.push(text); }; draw_axis(); context.fillText = real;"
                      " return texts; })()")
        wanted = [f"{time // 10**9}.{time % 10**9:09}"[:-2] + " s" for time in
                  range(-(-(middle - 333) // 200) * 200, middle + 667, 200)]
        check(marks == wanted, f"{marks}, not {wanted}")
        page().mouse("mouseMoved", (value(f"LEFT + ({at} + 150 - left) * scale()"),
                                    lane("vcpu", 0)))
        text = value("tip.textContent")
        check(text.startswith(f"in guest\n{middle // 10**9}.{middle % 10**9:09} s, for 0.3 us"), text)
        check(str(middle - 333) in value("document.getElementById('where').textContent")
              .replace(".", ""), value("document.getElementById('where').textContent"))
    page().screenshot(f"{SHOTS}/end-zoomed.png")
    found = [search("test_ev")]
    for _ in range(5 * len(entries) - 1):
        page().key("Enter", "\r")
        found.append(value("found && [String(time_of(found.lane, found.i)), ''] "))
    times = {int(one[0]) for one in found[1:] if one}
    check(times <= set(world.truth["guest"].values()) and len(times) > 2 * len(entries),
          f"{len(times)} are found")
    check(not page().complaints(), *page().complaints())


def test_a_million_items():
    """Drawing takes as many rectangles as there are pixels, whatever there is to draw."""
    paths, count = scale.write(f"{WORK}/large", 90_000)
    status, _, err = run(MERGE, "--quiet", "-o", f"{WORK}/large.html", *paths)
    check(status == 0, err)
    page().open(f"{WORK}/large.html")
    items = value("lanes.reduce((sum, one) => sum + one.texts.length, 0)")
    check(count > 1_000_000 and items >= 1_000_000, f"{items} items of {count} events")
    value("drawn = 0, real = context.fillRect,"
          "context.fillRect = function (...a) { drawn++; real.apply(context, a); }, 1")
    most, pixels = 0, value("shown.length") * (SIZE[0] - LEFT)
    page().screenshot(f"{SHOTS}/million.png")
    for _ in range(40):
        value("drawn = 0, draw()")
        most = max(most, value("drawn"))
        page().wheel((700, 200), -150)
    check(0 < most < 4 * pixels, f"{most} rectangles for {pixels} pixels of lanes")
    check(not page().complaints(), *page().complaints())


if __name__ == "__main__":
    if not devtools.find():
        print("TAP version 13\nok 1 - browser # SKIP no Chromium: install chromium-headless-shell")
        print("1..1")
        sys.exit(0)
    try:
        main("browser", dict(globals()), WORK)
    finally:
        if "page" in PAGES:
            PAGES["page"].close()
