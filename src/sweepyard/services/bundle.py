"""All services, built over one database and one blob store."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.clock import Clock
from sweepyard.ids import IdSource
from sweepyard.services.access import AccessService
from sweepyard.services.agents import AgentService
from sweepyard.services.artifacts import ArtifactService
from sweepyard.services.collections import CollectionService
from sweepyard.services.curves import CurveService
from sweepyard.services.files import FileService
from sweepyard.services.guard import GuardedDatabase
from sweepyard.services.history import HistoryService
from sweepyard.services.media import MediaService
from sweepyard.services.ports import Database
from sweepyard.services.ports.blobs import BlobStore
from sweepyard.services.projects import ProjectService
from sweepyard.services.reports import ReportService
from sweepyard.services.run_index import RunIndex
from sweepyard.services.run_tables import RunTableService
from sweepyard.services.runs import RunService
from sweepyard.services.scheduling import SchedulingService
from sweepyard.services.streams import StreamService
from sweepyard.services.sweep_analysis import SweepAnalysisService
from sweepyard.services.sweep_overview import SweepOverviewService
from sweepyard.services.sweeps import SweepService
from sweepyard.services.watching import WatchService
from sweepyard.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the hub does, and by which clock; thread-safe, every one of them."""

    clock: Clock
    access: AccessService
    projects: ProjectService
    runs: RunService
    tables: RunTableService
    curves: CurveService
    streams: StreamService
    history: HistoryService
    media: MediaService
    files: FileService
    sweeps: SweepService
    sweep_overview: SweepOverviewService
    sweep_analysis: SweepAnalysisService
    agents: AgentService
    scheduling: SchedulingService
    artifacts: ArtifactService
    collections: CollectionService
    reports: ReportService
    watching: WatchService


def build(database: Database, blobs: BlobStore, clock: Clock, ids: IdSource, settings: Settings) -> Services:
    """Services over these adapters; whom the hub acts for bounds what they reach (`services.guard`)."""
    database = GuardedDatabase(database)
    index = RunIndex()
    return Services(
        clock=clock,
        access=AccessService(database, clock, ids),
        projects=ProjectService(database, clock),
        runs=RunService(database, clock, index),
        tables=RunTableService(database, index),
        curves=CurveService(database),
        streams=StreamService(database, clock),
        history=HistoryService(database),
        media=MediaService(database, blobs),
        files=FileService(database, blobs, clock),
        sweeps=SweepService(database, clock, ids, index),
        sweep_overview=SweepOverviewService(database, clock, index),
        sweep_analysis=SweepAnalysisService(database, index),
        agents=AgentService(database, clock, ids, heartbeat_timeout_seconds=settings.heartbeat_timeout_seconds),
        scheduling=SchedulingService(database, clock, ids),
        artifacts=ArtifactService(database, blobs, clock),
        collections=CollectionService(database),
        reports=ReportService(database, clock, ids),
        watching=WatchService(database),
    )
