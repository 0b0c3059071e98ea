-- A late reward may speak for many decisions: one of weight 2 counts as two.
ALTER TABLE reward ADD COLUMN weight REAL NOT NULL DEFAULT 1.0;
