BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE change (
	revision INTEGER NOT NULL, 
	machine_id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	PRIMARY KEY (revision), 
	FOREIGN KEY(machine_id) REFERENCES machine (id)
);
INSERT INTO "change" VALUES(1,1,'2026-11-21T02:05:47.011+00:00','load text');
INSERT INTO "change" VALUES(2,2,'2026-11-21T02:05:47.019+00:00','load text');
INSERT INTO "change" VALUES(3,1,'2026-11-21T02:05:47.116+00:00','tell 1');
INSERT INTO "change" VALUES(4,1,'2026-11-21T02:05:47.122+00:00','tell 1');
INSERT INTO "change" VALUES(5,1,'2026-11-21T02:05:47.124+00:00','retract 1');
INSERT INTO "change" VALUES(6,1,'2026-11-21T02:05:47.131+00:00','tell 1');
CREATE TABLE clock (
	id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "clock" VALUES(1,6);
CREATE TABLE fact (
	id INTEGER NOT NULL, 
	machine_id INTEGER NOT NULL, 
	relation_id INTEGER NOT NULL, 
	args TEXT NOT NULL, 
	layer SMALLINT NOT NULL, 
	source_id INTEGER NOT NULL, 
	added INTEGER NOT NULL, 
	removed INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(machine_id) REFERENCES machine (id), 
	FOREIGN KEY(relation_id) REFERENCES relation (id), 
	FOREIGN KEY(source_id) REFERENCES source (id)
);
INSERT INTO "fact" VALUES(1,1,1,'"m"',0,1,1,NULL);
INSERT INTO "fact" VALUES(2,1,2,'0,"p0"',0,1,1,NULL);
INSERT INTO "fact" VALUES(3,1,2,'1,"p1"',0,1,1,NULL);
INSERT INTO "fact" VALUES(4,1,3,'"a","b"',0,1,1,5);
INSERT INTO "fact" VALUES(5,1,4,'{"s":"text"},1.5,{"f":"f","a":[["a",{"f":"g","a":[1]}]]}',0,1,1,NULL);
INSERT INTO "fact" VALUES(6,2,2,'0,"q0"',0,1,2,NULL);
INSERT INTO "fact" VALUES(7,1,5,'0,1,500,1,1,1',2,2,3,NULL);
INSERT INTO "fact" VALUES(8,1,6,'{"f":"core","a":[1,{"v":"_1"}]}',3,3,4,NULL);
INSERT INTO "fact" VALUES(9,1,5,'0,1,480,1,1,1',2,4,6,NULL);
CREATE TABLE machine (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "machine" VALUES(1,'m');
INSERT INTO "machine" VALUES(2,'other');
CREATE TABLE relation (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	arity INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "relation" VALUES(1,'machine',1);
INSERT INTO "relation" VALUES(2,'core',2);
INSERT INTO "relation" VALUES(3,'link',2);
INSERT INTO "relation" VALUES(4,'note',3);
INSERT INTO "relation" VALUES(5,'message_rtt',6);
INSERT INTO "relation" VALUES(6,'denied',1);
CREATE TABLE source (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (text)
);
INSERT INTO "source" VALUES(1,'given');
INSERT INTO "source" VALUES(2,'a run');
INSERT INTO "source" VALUES(3,'errata');
INSERT INTO "source" VALUES(4,'a second run');
CREATE UNIQUE INDEX relation_by_name ON relation (name, arity);
CREATE INDEX change_of_machine ON change (machine_id, revision);
CREATE INDEX fact_of_machine ON fact (machine_id, relation_id);
COMMIT;
