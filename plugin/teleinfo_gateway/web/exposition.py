"""Samples in the words of Prometheus. Needs the extra ``[metrics]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import Metric, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from teleinfo_gateway.durations import BOUNDS_S, Durations
from teleinfo_gateway.web.metric_table import FAMILIES, Family, Kind, Sample

__all__ = ["expose"]

_CLASSES = (*map(str, BOUNDS_S), "+Inf")


def expose(samples: Iterable[Sample], accept: str) -> tuple[bytes, str]:
    """The text of a scrape and its content type: the best one that the header Accept names."""
    try:
        encode, content_type = choose_encoder(accept)
    except TypeError:  # a version that is no number
        encode, content_type = choose_encoder("")
    return encode(_Told(samples)), content_type


class _Told(Collector):
    """These samples, and what the kernel knows of the process."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples: dict[str, list[Sample]] = {}
        for sample in samples:
            self._samples.setdefault(sample.family, []).append(sample)

    def collect(self) -> Iterator[Metric]:
        """The metrics that have a series now."""
        for family in FAMILIES:
            if family.name in self._samples:
                yield _metric(family, self._samples[family.name])
        yield from ProcessCollector(registry=None).collect()


def _metric(family: Family, samples: Iterable[Sample]) -> Metric:
    match family.kind:
        case Kind.INFO:
            info = InfoMetricFamily(family.name.removesuffix("_info"), family.en)
            for sample in samples:
                info.add_metric((), dict(zip(family.labels, sample.labels, strict=True)))
            return info
        case Kind.HISTOGRAM:
            histogram = HistogramMetricFamily(family.name, family.en, labels=family.labels)
            for sample in samples:
                if isinstance(sample.value, Durations):
                    classes = list(zip(_CLASSES, sample.value.up_to(), strict=True))
                    histogram.add_metric(sample.labels, classes, sample.value.sum_s)
            return histogram
        case Kind.COUNTER | Kind.GAUGE:
            of_kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
            metric = of_kind(family.name, family.en, labels=family.labels)
            for sample in samples:
                if not isinstance(sample.value, Durations):
                    metric.add_metric(sample.labels, sample.value)
            return metric
