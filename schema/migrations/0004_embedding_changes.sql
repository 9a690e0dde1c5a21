-- Which embeddings changed, in order: indexes kept outside the database (in memory, in a file) know
-- from it what they lack. A pattern stands here once, with its last change; autoincrement keeps a
-- number from being given twice. The triggers also see what a cascade deletes.
create table embedding_changes (
  change        integer primary key autoincrement,
  pattern_rowid integer not null unique
) strict;
create trigger embedding_inserted after insert on pattern_embeddings begin
  delete from embedding_changes where pattern_rowid = new.pattern_rowid;
  insert into embedding_changes (pattern_rowid) values (new.pattern_rowid);
end;
create trigger embedding_updated after update on pattern_embeddings begin
  delete from embedding_changes where pattern_rowid = new.pattern_rowid;
  insert into embedding_changes (pattern_rowid) values (new.pattern_rowid);
end;
create trigger embedding_deleted after delete on pattern_embeddings begin
  delete from embedding_changes where pattern_rowid = old.pattern_rowid;
  insert into embedding_changes (pattern_rowid) values (old.pattern_rowid);
end;

-- A filter by confidence alone is counted before a search decides how to apply it.
create index patterns_by_confidence on patterns (confidence);
