CREATE TABLE ti_meter (
	id INTEGER NOT NULL AUTO_INCREMENT,
	adco VARCHAR(12) NOT NULL,
	name VARCHAR(32),
	mode VARCHAR(10),
	phases SMALLINT,
	replaces VARCHAR(12),
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	kept_from BIGINT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (adco)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE ti_reading (
	meter_id INTEGER NOT NULL,
	ts BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	local_dt DATETIME NOT NULL,
	interval_s SMALLINT NOT NULL,
	optarif VARCHAR(16),
	ptec VARCHAR(16),
	slot SMALLINT,
	demain VARCHAR(4),
	hhphc VARCHAR(1),
	state VARCHAR(8),
	isousc SMALLINT,
	pref SMALLINT,
	adps SMALLINT,
	pejp SMALLINT,
	papp INTEGER,
	papp_min INTEGER,
	papp_max INTEGER,
	papp1 INTEGER,
	papp2 INTEGER,
	papp3 INTEGER,
	pinj INTEGER,
	pmax INTEGER,
	i1 SMALLINT,
	i2 SMALLINT,
	i3 SMALLINT,
	u1 SMALLINT,
	u2 SMALLINT,
	u3 SMALLINT,
	imax1 SMALLINT,
	imax2 SMALLINT,
	imax3 SMALLINT,
	idx_total BIGINT,
	idx01 BIGINT,
	idx02 BIGINT,
	idx03 BIGINT,
	idx04 BIGINT,
	idx05 BIGINT,
	idx06 BIGINT,
	idx07 BIGINT,
	idx08 BIGINT,
	idx09 BIGINT,
	idx10 BIGINT,
	idx_inj BIGINT,
	PRIMARY KEY (meter_id, ts)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE UNIQUE INDEX ix_ti_reading_seq ON ti_reading (seq);

CREATE INDEX ix_ti_reading_local ON ti_reading (meter_id, local_dt);

CREATE TABLE ti_label (
	meter_id INTEGER NOT NULL,
	label VARCHAR(12) NOT NULL,
	ts BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	value VARCHAR(128) NOT NULL,
	horodate VARCHAR(13),
	PRIMARY KEY (meter_id, label, ts)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE UNIQUE INDEX ix_ti_label_seq ON ti_label (seq);

CREATE TABLE ti_period (
	meter_id INTEGER NOT NULL,
	grain VARCHAR(1) NOT NULL,
	start_ts BIGINT NOT NULL,
	optarif VARCHAR(16) NOT NULL,
	slot SMALLINT NOT NULL,
	wh BIGINT,
	va_seconds BIGINT,
	papp_min INTEGER,
	papp_max INTEGER,
	seconds INTEGER NOT NULL,
	PRIMARY KEY (meter_id, grain, start_ts, optarif, slot)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE ti_outage (
	meter_id INTEGER NOT NULL,
	start_ts BIGINT NOT NULL,
	optarif VARCHAR(16) NOT NULL,
	slot SMALLINT NOT NULL,
	end_ts BIGINT NOT NULL,
	wh BIGINT NOT NULL,
	PRIMARY KEY (meter_id, start_ts, optarif, slot)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE ti_event (
	seq BIGINT NOT NULL,
	meter_id INTEGER,
	name VARCHAR(32) NOT NULL,
	ts BIGINT NOT NULL,
	kind VARCHAR(24) NOT NULL,
	value VARCHAR(128) NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY (seq)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE INDEX ix_ti_event_ts ON ti_event (ts);

CREATE TABLE ti_counter (
	name VARCHAR(16) NOT NULL,
	last BIGINT,
	PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE ti_cursor (
	name VARCHAR(64) NOT NULL,
	seq BIGINT NOT NULL,
	lost BIGINT NOT NULL,
	updated_ts BIGINT NOT NULL,
	PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE ti_version (
	version_num VARCHAR(32) NOT NULL,
	PRIMARY KEY (version_num)
)ENGINE=InnoDB;
