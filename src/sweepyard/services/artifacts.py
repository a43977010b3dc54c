"""Artifacts: versioned folders of files, made, committed and described by runs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweepyard.domain.artifact import (
    ArtifactCollection,
    ArtifactFile,
    ArtifactState,
    ArtifactVersion,
    BlobRef,
    Manifest,
    ManifestKind,
)
from sweepyard.domain.names import check_texts, normalised_file_name
from sweepyard.domain.run import RunPath
from sweepyard.errors import Conflict, RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.artifact_completion import completed
from sweepyard.services.artifact_drafts import ArtifactDraft, version_of
from sweepyard.services.artifact_reader import (
    LATEST,
    ArtifactReader,
    existing_file,
    existing_manifest,
    existing_version,
)
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.projects import check_name
from sweepyard.services.runs import existing_run

_ALIAS = re.compile(r"(?!v\d+\Z)[^/:\0]{1,128}")
_MD5_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactChanges:
    """What an update brings; None leaves the stored value alone; `aliases` replaces them all."""

    description: str | None = None
    metadata: JsonObject | None = None
    aliases: tuple[str, ...] | None = None
    tags_to_add: tuple[str, ...] = ()
    tags_to_delete: tuple[str, ...] = ()


class ArtifactService(ArtifactReader):
    """Makes, commits, describes and deletes artifacts; finds them as its base does."""

    def create(self, draft: ArtifactDraft) -> ArtifactVersion:
        """A pending version; or, deduplicating, the committed one of that digest, with the draft's aliases moved to it.

        A draft with the client id of a pending version is that version: creating is safe to repeat. So is one with the
        distributed id of a pending version, whose processes add their parts to it.

        Raises:
            RequestInvalid: A name or an alias is not legal.
            NotFound: The run does not exist.
            Conflict: The collection holds artifacts of another type.
        """
        check_name("an artifact's name", draft.collection)
        check_texts({"description": draft.description, "type": draft.artifact_type})
        _check_aliases(draft.aliases)
        now = self._clock.now()
        run = RunPath(draft.entity, draft.project, draft.run_id) if draft.run_id else None
        with self._database.writing() as unit:
            unit.projects.ensure(draft.entity, draft.project, now)
            if run is not None:
                existing_run(unit, run)
            collection = unit.artifacts.ensure_collection(
                ArtifactCollection(
                    entity=draft.entity,
                    project=draft.project,
                    name=draft.collection,
                    artifact_type=draft.artifact_type,
                    created_at=now,
                )
            )
            if collection.artifact_type != draft.artifact_type:
                rule = f"artifact {draft.collection} holds versions of type {collection.artifact_type}"
                raise Conflict(f"{rule}; asked for one of type {draft.artifact_type}")
            version = version_of(unit, draft) or unit.artifacts.add(draft.version(now))
            if version.state is ArtifactState.COMMITTED:
                aliases = dict.fromkeys((*version.aliases, *draft.aliases, LATEST))
                unit.artifacts.set_aliases(version.number, aliases)
            if run is not None:
                unit.artifacts.link(version.number, run, used=False)
            return existing_version(unit, version.number)

    def add_manifest(
        self,
        artifact_number: int,
        *,
        name: str,
        digest: str,
        kind: ManifestKind = ManifestKind.FULL,
        base_number: int | None = None,
    ) -> Manifest:
        """Register the version's manifest; its bytes follow by `put_manifest`. Registering it again replaces it.

        A patch is another one each time: `commit` joins them all.

        Args:
            base_number: The committed version that an incremental manifest adds to, if there is one.

        Raises:
            NotFound: There is no such version, or no such base.
            Conflict: The version is committed, or the base is not.
        """
        with self._database.writing() as unit:
            _pending(unit, artifact_number)
            if base_number is not None:
                _committed(unit, base_number)
            manifest = unit.artifacts.manifest_of(artifact_number)
            if manifest is None or kind is ManifestKind.PATCH or manifest.kind is not kind:
                return unit.artifacts.add_manifest(
                    Manifest(0, artifact_number, name, digest, kind=kind, base_number=base_number)
                )
            manifest = replace(manifest, name=name, digest=digest or manifest.digest)
            unit.artifacts.save_manifest(manifest)
        return manifest

    def update_manifest(self, manifest_number: int, *, digest: str, base_number: int | None = None) -> Manifest:
        """Give a registered manifest its digest, and the version that it adds to where that has changed.

        Raises:
            NotFound: There is no such manifest, or no such base.
            Conflict: Its version is committed, or the base is not.
        """
        with self._database.writing() as unit:
            manifest = existing_manifest(unit, manifest_number)
            _pending(unit, manifest.artifact_number)
            if base_number is not None:
                _committed(unit, base_number)
            manifest = replace(manifest, digest=digest, base_number=base_number or manifest.base_number)
            unit.artifacts.save_manifest(manifest)
        return manifest

    def put_manifest(self, manifest_number: int, blob: BlobRef) -> Manifest:
        """Make these bytes the manifest's.

        Raises:
            NotFound: There is no such manifest.
            Conflict: Its version is committed, with other bytes.
        """
        with self._database.writing() as unit:
            manifest = existing_manifest(unit, manifest_number)
            if manifest.blob != blob:
                _pending(unit, manifest.artifact_number)
                manifest = replace(manifest, blob=blob)
                unit.artifacts.save_manifest(manifest)
        return manifest

    def register_files(self, artifact_number: int, files: Sequence[tuple[str, str]]) -> tuple[ArtifactFile, ...]:
        """Register files as (name, MD5 in base64); those whose bytes the entity has already come back with a `blob`.

        Raises:
            NotFound: There is no such version.
            Conflict: The version is committed.
            RequestInvalid: A name leaves the artifact's folder, or an MD5 is none.
        """
        wanted = [(normalised_file_name(name), _checked_md5(md5)) for name, md5 in files]
        check_texts({f"files[{index}]": name for index, (name, _) in enumerate(wanted)})
        with self._database.writing() as unit:
            version = _pending(unit, artifact_number)
            stored = unit.artifacts.blobs_by_md5(version.entity, {md5 for _, md5 in wanted})
            registered = [ArtifactFile(artifact_number, name, md5, stored.get(md5)) for name, md5 in wanted]
            unit.artifacts.put_files(registered)
        return tuple(registered)

    def put_file(self, artifact_number: int, name: str, blob: BlobRef) -> ArtifactFile:
        """Make these bytes a registered file's.

        Raises:
            NotFound: The file was not registered.
            RequestInvalid: The bytes have another MD5 than was registered.
        """
        wanted = normalised_file_name(name)
        with self._database.writing() as unit:
            file = existing_file(unit, artifact_number, wanted)
            received = base64.b64encode(bytes.fromhex(blob.md5)).decode()
            if received != file.md5:
                rule = f"file {wanted} of artifact number {artifact_number} has the MD5 {file.md5}"
                raise RequestInvalid([Violation(rule, received, "Upload it again")])
            file = replace(file, blob=blob)
            unit.artifacts.put_files([file])
        return file

    def commit(self, artifact_number: int) -> ArtifactVersion:
        """Give the version its index, `latest` and its aliases. Committing it again changes nothing.

        What came in parts, or adds to another version, gets one whole manifest first.

        Raises:
            NotFound: There is no such version.
            Conflict: The manifest or a file was never uploaded; the message names them. Or the version is deleted.
            RequestInvalid: The manifest is malformed.
        """
        with self._database.writing() as unit:
            version = existing_version(unit, artifact_number)
            if version.state is ArtifactState.COMMITTED:
                return version
            version = completed(unit, self._blobs, _pending(unit, artifact_number))
            committed = replace(
                version,
                state=ArtifactState.COMMITTED,
                version=unit.artifacts.next_version(version.entity, version.project, version.collection),
                updated_at=self._clock.now(),
            )
            unit.artifacts.save(committed)
            unit.artifacts.set_aliases(artifact_number, dict.fromkeys((*version.aliases, LATEST)))
            return existing_version(unit, artifact_number)

    def add_aliases(self, artifact_number: int, aliases: Sequence[str]) -> ArtifactVersion:
        """Move aliases to the version.

        Raises:
            NotFound: There is no such version.
            RequestInvalid: An alias is not legal.
        """
        _check_aliases(aliases)
        with self._database.writing() as unit:
            version = existing_version(unit, artifact_number)
            return _with_aliases(unit, version, (*version.aliases, *aliases))

    def remove_aliases(self, artifact_number: int, aliases: Sequence[str]) -> ArtifactVersion:
        """Take aliases from the version; ones that it does not have are ignored.

        Raises:
            NotFound: There is no such version.
        """
        with self._database.writing() as unit:
            version = existing_version(unit, artifact_number)
            return _with_aliases(unit, version, [alias for alias in version.aliases if alias not in aliases])

    def update(self, artifact_number: int, changes: ArtifactChanges) -> ArtifactVersion:
        """Describe the version anew.

        Raises:
            NotFound: There is no such version.
            RequestInvalid: An alias is not legal.
        """
        check_texts({"description": changes.description})
        _check_aliases(changes.aliases or ())
        with self._database.writing() as unit:
            version = existing_version(unit, artifact_number)
            kept = [tag for tag in version.tags if tag not in changes.tags_to_delete]
            version = replace(
                version,
                updated_at=self._clock.now(),
                description=version.description if changes.description is None else changes.description,
                metadata=version.metadata if changes.metadata is None else changes.metadata,
                tags=tuple(dict.fromkeys((*kept, *changes.tags_to_add))),
            )
            unit.artifacts.save(version)
            if changes.aliases is not None:
                return _with_aliases(unit, version, changes.aliases)
            return existing_version(unit, artifact_number)

    def delete(self, artifact_number: int, *, delete_aliases: bool = False) -> ArtifactVersion:
        """Delete the version; its index is not given again.

        Raises:
            NotFound: There is no such version.
            Conflict: It has aliases, and `delete_aliases` is not set.
        """
        with self._database.writing() as unit:
            version = existing_version(unit, artifact_number)
            if version.aliases and not delete_aliases:
                aliases = ", ".join(version.aliases)
                raise Conflict(f"the artifact has the aliases {aliases}; delete them with it, or move them first")
            unit.artifacts.set_aliases(artifact_number, ())
            deleted = replace(version, state=ArtifactState.DELETED, updated_at=self._clock.now(), aliases=())
            unit.artifacts.save(deleted)
        return deleted

    def use(self, artifact_number: int, run: RunPath) -> ArtifactVersion:
        """Note that a run uses the version.

        Raises:
            NotFound: There is no such version or run.
        """
        with self._database.writing() as unit:
            existing_run(unit, run)
            version = existing_version(unit, artifact_number)
            unit.artifacts.link(artifact_number, run, used=True)
        return version


def _pending(unit: UnitOfWork, artifact_number: int) -> ArtifactVersion:
    version = existing_version(unit, artifact_number)
    if version.state is not ArtifactState.PENDING:
        raise Conflict(
            f"artifact number {artifact_number} is {version.state.value.lower()}; it does not change any more"
        )
    return version


def _committed(unit: UnitOfWork, artifact_number: int) -> ArtifactVersion:
    version = existing_version(unit, artifact_number)
    if version.state is not ArtifactState.COMMITTED:
        raise Conflict(f"artifact number {artifact_number} is {version.state.value.lower()}; nothing is added to it")
    return version


def _with_aliases(unit: UnitOfWork, version: ArtifactVersion, aliases: Sequence[str]) -> ArtifactVersion:
    chosen = tuple(dict.fromkeys(aliases))
    if version.state is ArtifactState.PENDING:
        unit.artifacts.save(replace(version, aliases=chosen))
    else:
        unit.artifacts.set_aliases(version.number, chosen)
    return existing_version(unit, version.number)


def _check_aliases(aliases: Sequence[str]) -> None:
    check_texts({f"aliases[{index}]": alias for index, alias in enumerate(aliases)})
    rule = "an alias is 1 to 128 characters without / and :, and not v with a number, which only the hub gives"
    violations = [Violation(rule, repr(alias)) for alias in aliases if not _ALIAS.fullmatch(alias)]
    if violations:
        raise RequestInvalid(violations)


def _checked_md5(md5: str) -> str:
    try:
        if len(base64.b64decode(md5, validate=True)) == _MD5_BYTES:
            return md5
    except binascii.Error as error:
        raise RequestInvalid([Violation("an MD5 is 16 bytes in base64", repr(md5[:80]))]) from error
    raise RequestInvalid([Violation("an MD5 is 16 bytes in base64", repr(md5[:80]))])
