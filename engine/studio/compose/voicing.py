"""Chords laid out on an instrument so that every voice moves little from one chord to the next."""

from __future__ import annotations

from functools import lru_cache


def essential(tones: tuple[int, ...], size: int) -> tuple[int, ...]:
    """`size` tones of a chord that say what it is: root, third and colour before the fifth."""
    if len(tones) <= size:
        return tones
    order = (0, 1, 3, 4, 2) if len(tones) > 3 else (0, 1, 2)
    if size >= 3 and len(tones) >= 5:
        order = (1, 3, 4, 0, 2)
    kept = {tones[at] for at in order[:size]}
    return tuple(tone for tone in tones if tone in kept)


@lru_cache(maxsize=8192)
def voiced(tones: tuple[int, ...], low: int, high: int, size: int, before: tuple[int, ...] = ()) -> tuple[int, ...]:
    """A close position of `tones` between two pitches: what moves least from `before`, or sits in the middle."""
    chosen = essential(tones, size)
    aim = before or tuple([(low + high) // 2] * len(chosen))
    layouts: list[tuple[float, tuple[int, ...]]] = []
    for bottom in range(low, max(low + 12, high - 9)):
        if bottom % 12 not in chosen:
            continue
        pitches = [bottom + above for above in sorted((tone - bottom) % 12 for tone in chosen)]
        cost: float = sum(min(abs(pitch - other) for other in aim) for pitch in pitches)
        cost += 0.4 * abs(sum(pitches) / len(pitches) - sum(aim) / len(aim))
        cost += sum(max(0, pitch - high) * 3 for pitch in pitches)
        # a root at the bottom sounds settled where nothing else decides
        cost += 0.0 if bottom % 12 == tones[0] else 0.3
        layouts.append((cost, tuple(pitches)))
    return min(layouts)[1]
