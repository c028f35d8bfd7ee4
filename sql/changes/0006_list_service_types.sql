-- What the types of service are, for the models.  dbt's own copy of the seed is emptied and filled again
-- while a build reads an older snapshot, in which it would look empty.  Runs once, as earnings_owner.

create table earnings.service_types (
    service_type text primary key,
    kind text not null check (kind in ('appointment', 'package')),
    ends_with text not null
    check (ends_with in ('the booking', 'its service session', 'the last session of its service')),
    meaning text not null
);
comment on table earnings.service_types is
'One row per type of service that is known. Loaded by install from seeds/service_types.csv.';
