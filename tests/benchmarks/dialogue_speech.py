"""Speech made with espeak-ng, and where in it somebody speaks."""

from __future__ import annotations

import io
import subprocess
import wave
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]  # mono at 16 kHz

RATE = 16_000
STEP = RATE // 10
WITHIN = 40.0  # dB below the loud parts of an utterance: what is quieter is a pause
BREATH = 0.3  # seconds: a shorter pause belongs to the speech around it

TEXTS = {
    "en": (
        "We left the harbour before dawn. Nobody had slept, and the engine was still cold.",
        "Tell me what you saw, slowly, from the beginning.",
        "No. I never said that she was in the house when it happened.",
        "The second half of the century changed how people moved, worked and thought about distance.",
        "Come here! Quick, before they shut the gate.",
        "Well, I think, if you look at the numbers again, you will find that they simply do not add up.",
    ),
    "de": (
        "Wir sind vor Sonnenaufgang losgefahren, und keiner hat geschlafen.",
        "Erzählen Sie mir bitte alles, ganz langsam, von Anfang an.",
        "Nein, das habe ich so niemals gesagt.",
        "Die Brücke wurde im Herbst gesperrt, weil das Wasser zu hoch stand.",
    ),
    "es": (
        "Salimos del puerto antes del amanecer, y nadie había dormido.",
        "Cuéntame lo que viste, despacio, desde el principio.",
        "No, yo nunca dije que ella estaba en la casa.",
        "El tren de las nueve llega siempre con mucho retraso.",
    ),
    "fr": (
        "Nous avons quitté le port avant l'aube, personne n'avait dormi.",
        "Racontez-moi ce que vous avez vu, lentement, depuis le début.",
        "Non, je n'ai jamais dit qu'elle était dans la maison.",
        "La pluie tombait depuis trois jours quand il est enfin revenu.",
    ),
    "it": (
        "Siamo partiti prima dell'alba e nessuno aveva dormito.",
        "Dimmi che cosa hai visto, piano, dall'inizio.",
        "No, non ho mai detto che lei fosse in casa.",
        "La strada era lunga, ma nessuno di noi voleva fermarsi.",
    ),
    "pt": (
        "Saímos do porto antes do amanhecer e ninguém tinha dormido.",
        "Conte o que você viu, devagar, desde o começo.",
        "Não, eu nunca disse que ela estava na casa.",
    ),
    "ru": (
        "Мы вышли из порта до рассвета, и никто не спал.",
        "Расскажите, что вы видели, медленно, с самого начала.",
        "Нет, я никогда этого не говорил.",
        "Дождь шёл три дня, и дорога совсем размокла.",
    ),
    "cmn": ("我们天亮以前就离开了港口。", "请你慢慢地从头告诉我你看见了什么。", "不，我从来没有说过她在家里。"),
    "ja": (
        "わたしたちは よあけまえに みなとを でました。",
        "みたことを はじめから ゆっくり はなしてください。",
        "いいえ、そんなことは いちども いっていません。",
    ),
    "hi": ("हम सुबह होने से पहले बंदरगाह से निकल गए।", "मुझे शुरू से धीरे धीरे बताओ कि तुमने क्या देखा।", "नहीं, मैंने ऐसा कभी नहीं कहा।"),
    "tr": (
        "Şafaktan önce limandan ayrıldık, kimse uyumamıştı.",
        "Bana ne gördüğünü yavaşça, baştan anlat.",
        "Hayır, onun evde olduğunu hiç söylemedim.",
    ),
    "fi": (
        "Lähdimme satamasta ennen aamunkoittoa, eikä kukaan ollut nukkunut.",
        "Kerro minulle hitaasti alusta asti, mitä näit.",
        "Ei, en ole koskaan sanonut niin.",
    ),
    "sv": (
        "Vi lämnade hamnen före gryningen och ingen hade sovit.",
        "Berätta långsamt från början vad du såg.",
        "Nej, jag har aldrig sagt att hon var i huset.",
    ),
    "pl": (
        "Wypłynęliśmy z portu przed świtem i nikt nie spał.",
        "Opowiedz mi powoli od początku, co widziałeś.",
        "Nie, nigdy nie powiedziałem, że była w domu.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Voice:
    """An espeak-ng voice: language, variant, words a minute, pitch from 0 to 99."""

    language: str
    variant: str
    speed: int = 165
    pitch: int = 50

    @property
    def name(self) -> str:
        return f"{self.language}+{self.variant}" if self.variant else self.language

    def texts(self) -> tuple[str, ...]:
        return TEXTS.get(self.language.split("-")[0], ("a", "b", "c", "d", "e", "f"))


# What the gate is fitted on ...
FITTED_VOICES = (
    Voice("en-us", "", 175, 50),
    Voice("en-us", "m3", 150, 35),
    Voice("en-us", "f3", 190, 60),
    Voice("en-us", "klatt2", 160, 45),
    Voice("de", "m1", 165, 45),
    Voice("de", "f1", 180, 55),
    Voice("es", "m4", 185, 50),
    Voice("es", "Annie", 160, 50),
    Voice("ru", "m6", 150, 40),
    Voice("ru", "f1", 175, 65),
    Voice("cmn", "Andy", 160, 50),
    Voice("fi", "m8", 140, 50),
    Voice("tr", "f3", 200, 50),
    Voice("pt-br", "klatt", 170, 55),
    Voice("en-us", "steph", 145, 55),
    Voice("de", "edward", 155, 30),
    Voice("babble", ""),
    Voice("babble", "high"),
)
# ... and other voices and languages, which it is measured on.
HELD_OUT_VOICES = (
    Voice("en-gb", "m2", 160, 45),
    Voice("en-gb", "f2", 180, 55),
    Voice("fr-fr", "m7", 170, 50),
    Voice("fr-fr", "f4", 150, 60),
    Voice("it", "m5", 190, 40),
    Voice("it", "f5", 165, 55),
    Voice("ja", "f2", 170, 60),
    Voice("hi", "Alex", 155, 50),
    Voice("sv", "klatt4", 175, 50),
    Voice("pl", "belinda", 160, 50),
    Voice("en-gb-scotland", "john", 145, 35),
    Voice("en-gb", "Mario", 200, 50),
)


def speak(program: str, voice: Voice, text: str) -> Sound:
    """What espeak-ng says, peak 1; or the demo's voice that says nothing, for "babble"."""
    if voice.language == "babble":
        from hitpoint.plugin.demo.voice import babble

        sound = resampled(babble(5, 100 + ord(text)), 48_000 if voice.variant != "high" else 40_000)
        heard = np.flatnonzero(np.abs(sound) > 0.01)
        return sound[heard[0] : heard[-1]] / np.float32(np.abs(sound).max())
    call = [program, "-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "--stdout", text]
    done = subprocess.run(call, capture_output=True, check=True)
    with wave.open(io.BytesIO(done.stdout)) as file:
        samples = np.frombuffer(file.readframes(1 << 30), "<i2")
        sound = resampled(samples.astype(np.float32) / 32768, file.getframerate())
    return sound / np.float32(np.abs(sound).max() + 1e-9)


def resampled(sound: Sound, rate: int, to: int = RATE) -> Sound:
    """Mono sound at another rate."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.reshape(1, -1)), "fltp", "mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler("fltp", "mono", to)
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


def conversation(
    program: str, voices: tuple[Voice, ...], seconds: float, seed: int, lively: bool = False
) -> tuple[Sound, NDArray[np.bool_]]:
    """Voices that take turns with pauses of 0.5 to 4 s, each as loud as the others, and for every 100 ms whether
    somebody speaks. The first second and the last are silent. `lively` makes most of them speak less evenly.
    """
    rng = np.random.default_rng(seed)
    out = np.zeros(round(seconds * RATE), np.float32)
    spoken = np.zeros(out.size // 160, bool)
    at, order = round(rng.uniform(1, 2.5) * RATE), list(rng.permutation(len(voices)))
    while True:
        voice = voices[order[0]]
        order = order[1:] + order[:1]
        sound = speak(program, voice, str(rng.choice(voice.texts())))
        if lively and rng.random() < 0.7:
            sound = enlivened(sound, rng)
        if at + sound.size > out.size - RATE:
            break
        active = _active(sound)
        level = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)) + 1e-9)
        out[at : at + sound.size] += sound * np.float32(0.1 * rng.uniform(0.8, 1.25) / level)
        first = round(at / 160)
        spoken[first : first + active.size] |= active[: spoken.size - first]
        at += sound.size + round(rng.choice([rng.uniform(0.5, 1.2), rng.uniform(1, 4)]) * RATE)
    spoken = closed(spoken, round(BREATH * 100))
    out = in_a_room(out, rng)
    cells = spoken[: spoken.size // 10 * 10].reshape(-1, 10).mean(axis=1) >= 0.5
    return out, cells


def enlivened(sound: Sound, rng: np.random.Generator) -> Sound:
    """Pitch and pace that wander by a fifth, stress that comes and goes, sometimes only a word: as people speak."""
    if rng.random() < 0.3:
        sound = sound[: round(rng.uniform(0.35, 1.2) * RATE)]
        fade = min(sound.size, 400)
        sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    points = max(3, round(sound.size / RATE * rng.uniform(2, 5)))
    knots = np.linspace(0, sound.size, points)
    pace = np.interp(np.arange(sound.size), knots, rng.uniform(0.82, 1.22, points))
    places = np.cumsum(pace)
    sound = np.interp(places[places < sound.size - 1], np.arange(sound.size), sound).astype(np.float32)
    stress = 10 ** (rng.uniform(-9, 3, points) / 20)
    return sound * np.interp(np.arange(sound.size), np.linspace(0, sound.size, points), stress).astype(np.float32)


def in_a_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """Early reflections and a short tail, and a microphone that does not hear all frequencies alike."""
    decay = rng.uniform(0.12, 0.4)
    tail = rng.standard_normal(round(decay * RATE)) * np.exp(-6.9 * np.arange(round(decay * RATE)) / (decay * RATE))
    answer = np.zeros(tail.size + 160)
    answer[0] = 1
    answer[160:] += tail * rng.uniform(0.02, 0.09)
    size = 1 << (sound.size + answer.size).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(answer, size)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / RATE), 30) / 1000)
    spectrum *= 10 ** (np.clip(octaves, -4, 3) * rng.uniform(-2.5, 2.5) / 20)
    if rng.random() < 0.25:
        frequency = np.fft.rfftfreq(size, 1 / RATE)
        spectrum *= (frequency > 250) & (frequency < 3600)
    return np.fft.irfft(spectrum, size)[: sound.size].astype(np.float32)


def closed(marks: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Gaps of at most `gap` marks between two that are set are set as well."""
    out = marks.copy()
    places = np.flatnonzero(marks)
    for a, b in pairwise(places):
        if 1 < b - a <= gap + 1:
            out[a:b] = True
    return out


def _active(sound: Sound) -> NDArray[np.bool_]:
    """For every 10 ms whether it is within 40 dB of the loud parts."""
    power = np.mean(sound[: sound.size // 160 * 160].reshape(-1, 160).astype(np.float64) ** 2, axis=1)
    return 10 * np.log10(power + 1e-12) > 10 * np.log10(np.percentile(power, 95) + 1e-12) - WITHIN
