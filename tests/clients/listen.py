"""Prints what is said in a WAV file, out of a closed list of sentences (pocketsphinx with the model that it carries).

INPUT is JSON: {"file": path, "sentences": [...]}.
"""
import array
import json
import os
import tempfile
import wave

from pocketsphinx import Config, Decoder

RATE = 16000


def samples(path):
    """The file's samples at RATE, by linear interpolation."""
    with wave.open(path) as recording:
        rate = recording.getframerate()
        heard = array.array("h", recording.readframes(recording.getnframes()))
    count = len(heard) * RATE // rate
    out = array.array("h", bytes(2 * count))
    for i in range(count):
        at = i * rate / RATE
        left = int(at)
        right = min(left + 1, len(heard) - 1)
        out[i] = int(heard[left] + (heard[right] - heard[left]) * (at - left))
    return out.tobytes()


wanted = json.loads(os.environ["INPUT"])
words = {s.lower().rstrip("."): s for s in wanted["sentences"]}
with tempfile.NamedTemporaryFile("w", suffix=".jsgf") as grammar:
    grammar.write("#JSGF V1.0;\ngrammar said;\npublic <s> = " + " | ".join(words) + ";\n")
    grammar.flush()
    decoder = Decoder(Config(samprate=RATE, jsgf=grammar.name, lm=None, loglevel="FATAL"))
decoder.start_utt()
decoder.process_raw(samples(wanted["file"]), full_utt=True)
decoder.end_utt()
found = decoder.hyp()
print(words.get(found.hypstr, "") if found else "")
