BEGIN TRANSACTION;
CREATE TABLE agents (
	agent_id VARCHAR(128) NOT NULL, 
	sweep_id VARCHAR(128) NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	host TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	heartbeat_at DATETIME NOT NULL, 
	running TEXT NOT NULL, 
	has_left BOOLEAN NOT NULL, 
	CONSTRAINT pk_agents PRIMARY KEY (agent_id), 
	CONSTRAINT fk_agents_sweep_id_sweeps FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE api_keys (
	digest VARCHAR(64) NOT NULL, 
	username VARCHAR(128) NOT NULL, 
	name TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_keys PRIMARY KEY (digest), 
	CONSTRAINT fk_api_keys_username_users FOREIGN KEY(username) REFERENCES users (username)
);
INSERT INTO "api_keys" VALUES('abababababababababababababababababababababababababababababababab','local','first','2026-11-01 08:00:00.000000',NULL);
CREATE TABLE artifact_aliases (
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	collection VARCHAR(128) NOT NULL, 
	alias VARCHAR(128) NOT NULL, 
	artifact_number INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	CONSTRAINT pk_artifact_aliases PRIMARY KEY (entity, project, collection, alias), 
	CONSTRAINT fk_artifact_aliases_artifact_number_artifacts FOREIGN KEY(artifact_number) REFERENCES artifacts (number)
);
CREATE TABLE artifact_collections (
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	artifact_type TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	description TEXT NOT NULL, 
	CONSTRAINT pk_artifact_collections PRIMARY KEY (entity, project, name), 
	CONSTRAINT fk_artifact_collections_entity_project_projects FOREIGN KEY(entity, project) REFERENCES projects (entity, name)
);
CREATE TABLE artifact_files (
	artifact_number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	md5 VARCHAR(32) NOT NULL, 
	blob_digest VARCHAR(64), 
	blob_md5 VARCHAR(32), 
	blob_size_bytes BIGINT, 
	CONSTRAINT pk_artifact_files PRIMARY KEY (artifact_number, name), 
	CONSTRAINT fk_artifact_files_artifact_number_artifacts FOREIGN KEY(artifact_number) REFERENCES artifacts (number)
);
CREATE TABLE artifact_links (
	number INTEGER NOT NULL, 
	artifact_number INTEGER NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	run_id VARCHAR(128) NOT NULL, 
	used BOOLEAN NOT NULL, 
	CONSTRAINT pk_artifact_links PRIMARY KEY (number), 
	CONSTRAINT fk_artifact_links_artifact_number_artifacts FOREIGN KEY(artifact_number) REFERENCES artifacts (number), 
	CONSTRAINT uq_artifact_links_entity_project_run_id_used_artifact_number UNIQUE (entity, project, run_id, used, artifact_number)
);
CREATE TABLE artifact_manifests (
	number INTEGER NOT NULL, 
	artifact_number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	digest VARCHAR(128) NOT NULL, 
	blob_digest VARCHAR(64), 
	blob_md5 VARCHAR(32), 
	blob_size_bytes BIGINT, 
	CONSTRAINT pk_artifact_manifests PRIMARY KEY (number), 
	CONSTRAINT fk_artifact_manifests_artifact_number_artifacts FOREIGN KEY(artifact_number) REFERENCES artifacts (number)
);
CREATE TABLE artifacts (
	number INTEGER NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	collection VARCHAR(128) NOT NULL, 
	artifact_type TEXT NOT NULL, 
	digest VARCHAR(128) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	version INTEGER, 
	description TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	requested_aliases TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	file_count INTEGER NOT NULL, 
	created_by_run VARCHAR(128), 
	client_id VARCHAR(128), 
	sequence_client_id VARCHAR(128), 
	history_step BIGINT, 
	tags TEXT NOT NULL, 
	CONSTRAINT pk_artifacts PRIMARY KEY (number), 
	CONSTRAINT fk_artifacts_entity_project_collection_artifact_collections FOREIGN KEY(entity, project, collection) REFERENCES artifact_collections (entity, project, name), 
	CONSTRAINT uq_artifacts_entity_project_collection_version UNIQUE (entity, project, collection, version)
);
CREATE TABLE leases (
	sweep_id VARCHAR(128) NOT NULL, 
	position BIGINT NOT NULL, 
	run_id VARCHAR(128) NOT NULL, 
	parameters TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	agent_id VARCHAR(128), 
	acknowledged BOOLEAN NOT NULL, 
	handed_out INTEGER NOT NULL, 
	retries INTEGER NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (sweep_id, position), 
	CONSTRAINT fk_leases_sweep_id_sweeps FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id), 
	CONSTRAINT uq_leases_sweep_id_run_id UNIQUE (sweep_id, run_id)
);
CREATE TABLE projects (
	number INTEGER NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	created_at DATETIME NOT NULL, 
	description TEXT NOT NULL, 
	CONSTRAINT pk_projects PRIMARY KEY (number), 
	CONSTRAINT uq_projects_entity_name UNIQUE (entity, name)
);
INSERT INTO "projects" VALUES(1,'local','digits','2026-11-01 08:00:00.000000','');
CREATE TABLE run_events (
	number INTEGER NOT NULL, 
	run_number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_run_events PRIMARY KEY (number), 
	CONSTRAINT fk_run_events_run_number_runs FOREIGN KEY(run_number) REFERENCES runs (number) ON DELETE CASCADE
);
INSERT INTO "run_events" VALUES(1,1,'2026-11-01 08:00:00.000000','started','');
CREATE TABLE run_files (
	run_number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	updated_at DATETIME NOT NULL, 
	blob_digest VARCHAR(64), 
	blob_md5 VARCHAR(32), 
	blob_size_bytes BIGINT, 
	CONSTRAINT pk_run_files PRIMARY KEY (run_number, name), 
	CONSTRAINT fk_run_files_run_number_runs FOREIGN KEY(run_number) REFERENCES runs (number) ON DELETE CASCADE
);
CREATE TABLE run_lines (
	run_number INTEGER NOT NULL, 
	stream VARCHAR(32) NOT NULL, 
	line_number BIGINT NOT NULL, 
	step BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_run_lines PRIMARY KEY (run_number, stream, line_number), 
	CONSTRAINT fk_run_lines_run_number_runs FOREIGN KEY(run_number) REFERENCES runs (number) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "run_lines" VALUES(1,'wandb-events.jsonl',0,0,X'7B2273797374656D2E637075223A317D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',0,0,X'7B226C6F7373223A20312E302C20225F73746570223A20307D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',1,2,X'7B226C6F7373223A20302E352C20225F73746570223A20327D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',2,4,X'7B226C6F7373223A20302E333333333333333333333333333333332C20225F73746570223A20347D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',3,6,X'7B226C6F7373223A20302E32352C20225F73746570223A20367D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',4,8,X'7B226C6F7373223A20302E322C20225F73746570223A20387D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',5,10,X'7B226C6F7373223A20302E31363636363636363636363636363636362C20225F73746570223A2031307D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',6,12,X'7B226C6F7373223A20302E31343238353731343238353731343238352C20225F73746570223A2031327D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',7,14,X'7B226C6F7373223A20302E3132352C20225F73746570223A2031347D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',8,16,X'7B226C6F7373223A20302E313131313131313131313131313131312C20225F73746570223A2031367D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',9,18,X'7B226C6F7373223A20302E312C20225F73746570223A2031387D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',10,20,X'7B226C6F7373223A20302E30393039303930393039303930393039312C20225F73746570223A2032307D');
INSERT INTO "run_lines" VALUES(1,'wandb-history.jsonl',11,22,X'7B226C6F7373223A20302E30383333333333333333333333333333332C20225F73746570223A2032327D');
INSERT INTO "run_lines" VALUES(2,'output.log',0,0,X'6F6E650A74776F');
INSERT INTO "run_lines" VALUES(2,'output.log',1,0,X'6E756C200020C3A920F09F9880');
INSERT INTO "run_lines" VALUES(2,'output.log',2,0,X'');
INSERT INTO "run_lines" VALUES(2,'wandb-history.jsonl',0,0,X'7B2261223A4E614E7D');
INSERT INTO "run_lines" VALUES(2,'wandb-history.jsonl',1,1,X'7B2261223A317D');
INSERT INTO "run_lines" VALUES(2,'wandb-history.jsonl',5,9,X'7B2261223A322C225F73746570223A397D');
CREATE TABLE runs (
	number INTEGER NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	run_id VARCHAR(128) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	display_name TEXT NOT NULL, 
	config TEXT NOT NULL, 
	wandb_config TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	group_name TEXT NOT NULL, 
	job_type TEXT NOT NULL, 
	notes TEXT NOT NULL, 
	commit_hash TEXT NOT NULL, 
	host TEXT NOT NULL, 
	program TEXT NOT NULL, 
	repo TEXT NOT NULL, 
	sweep_id VARCHAR(128), 
	agent_id VARCHAR(128), 
	attempt INTEGER NOT NULL, 
	stop_requested BOOLEAN NOT NULL, 
	stop_requested_at DATETIME, 
	resume_noted_at DATETIME, 
	heartbeat_at DATETIME, 
	started_at DATETIME, 
	ended_at DATETIME, 
	exit_code INTEGER, 
	creator VARCHAR(128) NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (number), 
	CONSTRAINT fk_runs_entity_project_projects FOREIGN KEY(entity, project) REFERENCES projects (entity, name), 
	CONSTRAINT uq_runs_entity_project_run_id UNIQUE (entity, project, run_id)
);
INSERT INTO "runs" VALUES(1,'local','digits','long','finished','2026-11-01 08:00:00.000000','2026-11-01 08:00:00.000000','long','{"lr":0.1}','{}','{"loss":NaN}','["a"]','','','','','','','',NULL,NULL,1,0,NULL,NULL,'2026-11-01 08:00:00.000000',NULL,NULL,0,'local');
INSERT INTO "runs" VALUES(2,'local','digits','gaps','finished','2026-11-01 08:00:01.000000','2026-11-01 08:00:00.000000','gaps','{"lr":0.1}','{}','{"loss":NaN}','["a"]','','','','','','','',NULL,NULL,1,0,NULL,NULL,'2026-11-01 08:00:00.000000',NULL,NULL,0,'local');
INSERT INTO "runs" VALUES(3,'local','digits','empty','finished','2026-11-01 08:00:02.000000','2026-11-01 08:00:00.000000','empty','{"lr":0.1}','{}','{"loss":NaN}','["a"]','','','','','','','',NULL,NULL,1,0,NULL,NULL,'2026-11-01 08:00:00.000000',NULL,NULL,0,'local');
CREATE TABLE secrets (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_secrets PRIMARY KEY (name)
);
INSERT INTO "secrets" VALUES('address-signing','s');
CREATE TABLE sweeps (
	sweep_id VARCHAR(128) NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	config_yaml TEXT NOT NULL, 
	seed BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	display_name TEXT NOT NULL, 
	description TEXT NOT NULL, 
	suggestions BIGINT NOT NULL, 
	controller TEXT, 
	scheduler TEXT, 
	creator VARCHAR(128) NOT NULL, 
	warnings TEXT NOT NULL, 
	prior_runs_filters TEXT, 
	CONSTRAINT pk_sweeps PRIMARY KEY (sweep_id), 
	CONSTRAINT fk_sweeps_entity_project_projects FOREIGN KEY(entity, project) REFERENCES projects (entity, name)
);
CREATE TABLE users (
	username VARCHAR(128) NOT NULL, 
	entity VARCHAR(128) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (username)
);
INSERT INTO "users" VALUES('local','local','admin','2026-11-01 08:00:00.000000');
CREATE INDEX ix_runs_entity_project_created_at_run_id ON runs (entity, project, created_at, run_id);
CREATE INDEX ix_runs_state_heartbeat_at ON runs (state, heartbeat_at);
CREATE INDEX ix_runs_sweep_id_state ON runs (sweep_id, state);
CREATE INDEX ix_sweeps_entity_project_created_at ON sweeps (entity, project, created_at);
CREATE INDEX ix_sweeps_state ON sweeps (state);
CREATE INDEX ix_agents_has_left_heartbeat_at ON agents (has_left, heartbeat_at);
CREATE INDEX ix_agents_sweep_id ON agents (sweep_id);
CREATE INDEX ix_artifacts_client_id ON artifacts (client_id);
CREATE INDEX ix_artifacts_entity_project_collection_digest ON artifacts (entity, project, collection, digest);
CREATE INDEX ix_artifacts_sequence_client_id ON artifacts (sequence_client_id);
CREATE INDEX ix_leases_sweep_id_agent_id ON leases (sweep_id, agent_id);
CREATE INDEX ix_run_events_run_number ON run_events (run_number);
CREATE INDEX ix_run_files_blob_digest ON run_files (blob_digest);
CREATE INDEX ix_artifact_aliases_artifact_number ON artifact_aliases (artifact_number);
CREATE INDEX ix_artifact_files_blob_digest ON artifact_files (blob_digest);
CREATE INDEX ix_artifact_files_md5 ON artifact_files (md5);
CREATE INDEX ix_artifact_links_artifact_number ON artifact_links (artifact_number);
CREATE INDEX ix_artifact_manifests_artifact_number ON artifact_manifests (artifact_number);
COMMIT;
