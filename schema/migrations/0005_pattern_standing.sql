-- What a pattern's uses say of it is its evidence. The standing that the improvement cycle wrote
-- next to it was read by nobody.
alter table patterns drop column standing;
alter table patterns drop column standing_since;
