-- A database of sessions as the tutor left it before databases had versions (dumped with `.dump`).
BEGIN TRANSACTION;
CREATE TABLE answers (
	id INTEGER NOT NULL,
	session_id VARCHAR(64) NOT NULL,
	created DATETIME NOT NULL,
	question_id VARCHAR(120) NOT NULL,
	seed INTEGER NOT NULL,
	lecture INTEGER NOT NULL,
	skill VARCHAR(120) NOT NULL,
	"right" BOOLEAN NOT NULL,
	hints INTEGER NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE cards (
	id INTEGER NOT NULL,
	session_id VARCHAR(64) NOT NULL,
	lecture INTEGER NOT NULL,
	skill VARCHAR(120) NOT NULL,
	state JSON NOT NULL,
	due DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (session_id, lecture, skill)
);
CREATE TABLE feedback (
	session_id VARCHAR(64) NOT NULL,
	turn INTEGER NOT NULL,
	verdict VARCHAR(40) NOT NULL,
	created DATETIME NOT NULL,
	PRIMARY KEY (session_id, turn)
);
INSERT INTO "feedback" VALUES('anna',0,'good','2026-11-29 03:17:40.574281');
CREATE TABLE predictions (
	id INTEGER NOT NULL,
	session_id VARCHAR(64) NOT NULL,
	created DATETIME NOT NULL,
	lab VARCHAR(60) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	metric VARCHAR(120) NOT NULL,
	guess VARCHAR(200) NOT NULL,
	actual VARCHAR(200) NOT NULL,
	score FLOAT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE session_courses (
	session_id VARCHAR(64) NOT NULL,
	course VARCHAR(64) NOT NULL,
	PRIMARY KEY (session_id)
);
INSERT INTO "session_courses" VALUES('anna','stats');
CREATE TABLE session_owners (
	session_id VARCHAR(64) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	PRIMARY KEY (session_id)
);
CREATE TABLE session_settings (
	session_id VARCHAR(64) NOT NULL,
	name VARCHAR(40) NOT NULL,
	value JSON NOT NULL,
	PRIMARY KEY (session_id, name)
);
INSERT INTO "session_settings" VALUES('anna','mode','"exam"');
CREATE TABLE sessions (
	id VARCHAR(64) NOT NULL,
	title VARCHAR(120) NOT NULL,
	created DATETIME NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO "sessions" VALUES('anna','what is regret?','2026-11-29 03:17:40.555527');
CREATE TABLE turns (
	id INTEGER NOT NULL,
	session_id VARCHAR(64) NOT NULL,
	created DATETIME NOT NULL,
	question TEXT NOT NULL,
	answer TEXT NOT NULL,
	intent VARCHAR(20) NOT NULL,
	model VARCHAR(200) NOT NULL,
	facts JSON NOT NULL,
	payload BLOB NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
INSERT INTO "turns" VALUES(1,'anna','2026-11-29 03:17:40.559352','what is regret?','Regret is what exploring costs [1].','question','none','{"seconds": 0.5, "abstained": false, "failed": false, "notices": [], "suggestions": ["more"], "plan": {"lab": "bandit", "parameters": {"arms": 2}}, "quiz": null, "runs": []}',X'789CAB562ACE2F2D4A4E2D56B252888ED551502A2ACD83B06B017EBD08BD');
CREATE INDEX ix_session_owners_owner ON session_owners (owner);
CREATE INDEX ix_answers_session_id ON answers (session_id);
CREATE INDEX ix_cards_session_id ON cards (session_id);
CREATE INDEX ix_predictions_session_id ON predictions (session_id);
CREATE INDEX ix_turns_session_id ON turns (session_id);
COMMIT;
