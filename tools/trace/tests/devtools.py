# SPDX-License-Identifier: GPL-2.0
"""
A page in Chromium without a window, driven through the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/): messages in JSON, each ended by a
zero byte, on file descriptors 3 and 4 of the browser.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


class BrowserError(ValueError):
    """What the browser or a script in it says is wrong."""


def find():
    """The browser's path, or None"""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Page:
    """A page of SIZE pixels; its events are kept in the list "events"."""

    def __init__(self, program, profile, size=(1200, 500), patience=300):
        self.patience, self.serial, self.events, self.rest = patience, 0, [], b""
        # The browser reads from its 3 and writes to its 4.
        self.output, self.input = None, None
        their_input, self.output = os.pipe()
        self.input, their_output = os.pipe()
        # Out of the way of 3 and 4
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (their_input, their_output)]
        os.close(their_input)
        os.close(their_output)
        # pylint: disable=consider-using-with
        self.browser = subprocess.Popen(
            ["bash", "-c", 'exec "$0" "$@" 3<&{0} 4>&{1} {0}<&- {1}>&-'.format(*theirs),
             program, "--headless", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            pass_fds=theirs, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in theirs:
            os.close(end)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                  deviceScaleFactor=1, mobile=False)

    def receive(self):
        """The next message"""
        end = time.monotonic() + self.patience
        while b"\0" not in self.rest:
            ready = select.select([self.input], [], [], max(0, end - time.monotonic()))[0]
            data = os.read(self.input, 1 << 20) if ready else b""
            if not data:
                raise BrowserError("the browser " + ("has ended" if ready else "does not answer"))
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        """The result of a method"""
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.output, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.serial:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def open(self, path):
        """Load a file, and wait until it is there"""
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            message = self.receive()
            if "method" in message:
                self.events.append(message)
        self.frame()

    def evaluate(self, expression):
        """The value of an expression of JavaScript, or of what it promises"""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(result["exceptionDetails"]["exception"].get("description"))
        return result["result"].get("value")

    def frame(self):
        """Wait until the page has drawn what it had wanted to draw"""
        self.evaluate("new Promise(done => requestAnimationFrame(() =>"
                      " requestAnimationFrame(() => done(1))))")

    def mouse(self, kind, position, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=position[0], y=position[1], **more)

    def wheel(self, position, delta):
        self.mouse("mouseWheel", position, deltaX=0, deltaY=delta)
        self.frame()

    def drag(self, begin, end):
        self.mouse("mousePressed", begin, button="left", buttons=1, clickCount=1)
        self.mouse("mouseMoved", end, button="left", buttons=1)
        self.mouse("mouseReleased", end, button="left", clickCount=1)
        self.frame()

    def click(self, position):
        self.mouse("mousePressed", position, button="left", buttons=1, clickCount=1)
        self.mouse("mouseReleased", position, button="left", clickCount=1)
        self.frame()

    def key(self, key, text=""):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, text=text,
                  windowsVirtualKeyCode={"Enter": 13}.get(key, 0))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)
        self.frame()

    def type(self, text):
        self.call("Input.insertText", text=text)

    def screenshot(self, path):
        data = base64.b64decode(self.call("Page.captureScreenshot")["data"])
        with open(path, "wb") as file:
            file.write(data)
        return data

    def complaints(self):
        """What scripts have thrown and what the browser has logged as errors"""
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"]["text"])
            elif event["method"] == "Log.entryAdded" and \
                    event["params"]["entry"]["level"] == "error":
                found.append(event["params"]["entry"]["text"])
        return found

    def requests(self):
        """All addresses that were asked for"""
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def close(self):
        os.close(self.output)
        try:
            self.browser.wait(10)
        except subprocess.TimeoutExpired:
            self.browser.kill()
            self.browser.wait()
        os.close(self.input)
