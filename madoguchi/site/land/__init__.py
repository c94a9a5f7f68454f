"""The map of the sample city (見本データ): what ``source.file: sample:<what>`` of a layer names."""

from madoguchi.site.land.drawing import drawn

__all__ = ["drawn"]
