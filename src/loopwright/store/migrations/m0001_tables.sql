-- In decision, sample and verdict, key is trial * 16777216 + the row's place in its trial; in reward, settled_by takes
-- the trial's part. Rows so come in the order of the run, and a trial's rows are a range of keys: no index is needed.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE trial (
  number INTEGER PRIMARY KEY,
  item TEXT NOT NULL,
  failure_kind TEXT,
  failure_message TEXT,
  data TEXT NOT NULL,
  started_at REAL NOT NULL,
  settled_at REAL NOT NULL
);

CREATE TABLE decision (
  key INTEGER PRIMARY KEY,
  trial INTEGER NOT NULL,
  step INTEGER NOT NULL,
  context TEXT NOT NULL,
  arms TEXT NOT NULL,
  arm TEXT NOT NULL,
  probability REAL,
  version INTEGER NOT NULL,
  reason TEXT NOT NULL
);

CREATE TABLE reward (
  key INTEGER PRIMARY KEY,
  trial INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  raw REAL NOT NULL,
  parts TEXT NOT NULL,
  settled_by INTEGER NOT NULL
);
CREATE INDEX reward_late ON reward (trial) WHERE settled_by <> trial;

CREATE TABLE sample (
  key INTEGER PRIMARY KEY,
  trial INTEGER NOT NULL,
  number INTEGER NOT NULL,
  data TEXT NOT NULL,
  step INTEGER,
  parents TEXT NOT NULL,
  accepted INTEGER
);

CREATE TABLE verdict (
  key INTEGER PRIMARY KEY,
  trial INTEGER NOT NULL,
  sample INTEGER NOT NULL,
  validator TEXT NOT NULL,
  passed INTEGER NOT NULL,
  score REAL,
  reason TEXT,
  late INTEGER NOT NULL
);

CREATE TABLE call (
  id INTEGER PRIMARY KEY,
  trial INTEGER NOT NULL,
  step INTEGER NOT NULL,
  model TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  status TEXT NOT NULL,
  purpose TEXT NOT NULL,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  nano_usd INTEGER,
  latency_s REAL,
  error TEXT,
  started_at REAL NOT NULL
);
CREATE INDEX call_trial ON call (trial);

CREATE TABLE reply (
  id INTEGER PRIMARY KEY,
  trial INTEGER NOT NULL,
  step INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  model TEXT NOT NULL,
  digest BLOB NOT NULL,
  call INTEGER,
  sample INTEGER NOT NULL,
  outcome BLOB NOT NULL
);
CREATE INDEX reply_trial ON reply (trial);

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL
);

CREATE TABLE credit (
  account TEXT PRIMARY KEY,
  granted INTEGER NOT NULL
);

CREATE TABLE stage (
  key TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  outcome TEXT NOT NULL,
  at REAL NOT NULL
);

CREATE TABLE cut (
  trial INTEGER PRIMARY KEY,
  decisions TEXT NOT NULL,
  at REAL NOT NULL
);
