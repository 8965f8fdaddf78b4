"""All kinds of sound, one file a family."""

from workflow_src.corpus.embedded.kinds import Kind
from workflow_src.corpus.embedded.sounds import (
    animals,
    impacts,
    machines,
    music,
    signals,
    vehicles,
    voices,
    weather,
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for family in (
        animals.FAMILY,
        vehicles.FAMILY,
        weather.FAMILY,
        voices.FAMILY,
        machines.FAMILY,
        signals.FAMILY,
        impacts.FAMILY,
        music.FAMILY,
    )
    for kind in family.kinds
}
