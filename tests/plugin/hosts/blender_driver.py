# SPDX-License-Identifier: GPL-3.0-or-later
"""The hands of a person in Blender, for tests: runs inside it, does what lines on standard input say, and answers by lines.

It touches the project with plain bpy. The add-on that is tested is switched on as a user does, and does its own work in between.
"""

import contextlib
import json
import os
import queue
import sys
import threading
import time

import bpy

MARK = "@@"


def scene():
    return getattr(bpy.context, "sequencer_scene", None) or bpy.context.scene


def editor():
    return scene().sequence_editor or scene().sequence_editor_create()


def strips(owner=None):
    owner = editor() if owner is None else owner
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def every():
    return editor().strips_all if hasattr(editor(), "strips_all") else editor().sequences_all


def named(name):
    return next(strip for strip in every() if strip.name == name)


def effect(name, kind, channel, start, end, first, second=None):
    """The arguments have other names in each version."""
    given = {"name": name, "type": kind, "channel": channel, "frame_start": start}
    known = strips().bl_rna.functions["new_effect"].parameters.keys()
    one, two = ("input1", "input2") if "input1" in known else ("seq1", "seq2")
    given |= {"length": end - start} if "length" in known else {"frame_end": end}
    given[one] = first
    if second is not None:
        given[two] = second
    return strips().new_effect(**given)


class Deeds:
    def __init__(self):
        self.guests = []
        self.meetings = None

    def enable(self):
        return list(bpy.ops.preferences.addon_enable(module="hitpoint_score"))

    def connect(self, port, token):
        import hitpoint_score.client
        import hitpoint_score.meeting

        client = hitpoint_score.client.Client(port, token, "Blender", bpy.app.version_string)
        self.guests.append(hitpoint_score.meeting.Guest(client))

    def meet(self):
        """From now on the add-on looks for those who want this Blender, as its timer does where there is a window."""
        import hitpoint_score.panel

        self.meetings = hitpoint_score.panel.meetings

    def make(self, path, fps, base, start, frames, shots, markers, name):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
        now = scene()
        now.name = name
        now.render.fps, now.render.fps_base = fps, base
        now.frame_start = start
        now.frame_end = start + frames - 1
        at = start
        for number, (file, length) in enumerate(shots):
            add = strips().new_image if file.endswith(".png") else strips().new_movie
            strip = add(f"shot {number + 1}", file, 1, at)
            if strip.frame_final_duration != length:
                strip.frame_final_duration = length
            at += length
        for frame, words in markers:
            now.timeline_markers.new(words, frame=start + frame)
        now.frame_set(start)
        self.save(path)

    def save(self, path=None):
        bpy.ops.wm.save_as_mainfile(filepath=path or bpy.data.filepath)

    def open(self, path):
        bpy.ops.wm.open_mainfile(filepath=path)

    def reload(self):
        self.save()
        self.open(bpy.data.filepath)

    def run(self, code):
        """What one test alone does. It may leave an `answer`."""
        space = {"bpy": bpy, "scene": scene(), "strips": strips(), "named": named, "effect": effect, "deeds": self}
        exec(code, space)
        return space.get("answer")

    def snapshot(self):
        now = scene()
        known = []
        for strip in every():
            file = getattr(strip, "filepath", "") or (
                strip.sound.filepath if strip.type == "SOUND" and strip.sound else ""
            )
            lies = (strip.channel, strip.frame_final_start, strip.frame_final_end, strip.frame_start)
            state = (strip.mute, strip.lock, strip.select, round(getattr(strip, "volume", 1.0), 5))
            known.append([strip.name, strip.type, file, *lies, *state, sorted(strip.keys())])
        data = now.animation_data
        return {
            "scene": [now.name, now.frame_start, now.frame_end, now.frame_current, now.render.fps, now.render.fps_base],
            "strips": sorted(known),
            "channels": [[channel.name, channel.lock, channel.mute] for channel in editor().channels],
            "markers": sorted([marker.frame, marker.name] for marker in now.timeline_markers),
            "sounds": sorted(bpy.path.abspath(sound.filepath) for sound in bpy.data.sounds if sound.users),
            "animated": data is not None and data.action is not None,
            "known": sorted(key for key in now.keys() if key not in ("cycles", "hitpoint_score")),  # noqa: SIM118
        }

    def sounds(self):
        first = scene().frame_start
        found = []
        for strip in strips():
            if strip.type == "SOUND":
                path = bpy.path.abspath(strip.sound.filepath) if strip.sound else None
                length = strip.frame_final_end - strip.frame_final_start
                track = editor().channels[strip.channel].name
                found.append([track, strip.frame_final_start - first, length, path])
        return found

    def marks(self):
        first = scene().frame_start
        return [[marker.frame - first, marker.name] for marker in scene().timeline_markers]

    def mark(self, frame, name):
        scene().timeline_markers.new(name, frame=scene().frame_start + frame)

    def ours(self):
        return next(strip for strip in strips() if "hitpoint" in strip.keys())  # noqa: SIM118

    def foreign(self, path):
        ours = self.ours()
        strips().new_sound("mine", path, ours.channel, ours.frame_final_end + 5)

    def move(self, frames):
        self.ours().frame_start += frames

    def lock(self):
        editor().channels[self.ours().channel].lock = True

    def doom(self):
        """Blender dies at the end of the next placing, before anybody hears of it."""
        import hitpoint_score.placing

        def die(*_):
            os._exit(9)

        hitpoint_score.placing._read_back = die

    def quit(self):
        for guest in self.guests:
            guest.client.close()
        sys.exit(0)


def main():
    asked = queue.Queue()

    def listen():
        for line in sys.stdin:
            asked.put(json.loads(line))
        asked.put(None)

    threading.Thread(target=listen, daemon=True).start()
    deeds = Deeds()
    print(MARK + json.dumps({"ready": bpy.app.version_string}), flush=True)
    while True:
        if deeds.meetings:
            deeds.meetings.tick()
        deeds.guests = [guest for guest in deeds.guests if guest.tick()]
        try:
            said = asked.get(timeout=0.005)
        except queue.Empty:
            continue
        if said is None:
            os._exit(0)
        try:
            answer = {"answer": getattr(deeds, said.pop("do"))(**said)}
        except Exception as error:
            import traceback

            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(MARK + json.dumps(answer), flush=True)


with contextlib.suppress(KeyboardInterrupt):
    main()
    time.sleep(0)
