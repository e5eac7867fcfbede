"""What is added to each instrument's level, in dB, so that at equal velocity all sound about equally loud."""

LEVELS: dict[str, float] = {
    "strings": -20.5, "warm_pad": -20.5, "glass_pad": -21.5, "choir": -21.0, "piano": -17.5, "epiano": -16.0,
    "bell": -18.5, "pluck": -11.5, "guitar": -16.0, "harp": -16.0, "lead": -21.0, "flute": -21.0, "brass": -21.5,
    "marimba": -14.5, "arp": -14.5, "sub": -15.5, "upright": -13.5, "synth_bass": -19.0,
    "kit_acoustic": -3.5, "kit_electronic": -5.0, "kit_lofi": 0.0, "kit_cinematic": -6.0, "kit_brushes": -3.0,
    "impact": -7.0, "sub_drop": -8.0, "cymbal": -7.0, "riser": -20.0, "reverse": -14.0, "whoosh": -21.0,
}  # fmt: skip
