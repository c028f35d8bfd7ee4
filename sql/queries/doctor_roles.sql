-- The engine's roles: whether each is there, and whether the connecting role is a member.
select
    required.role_name,
    roles.oid is not null as is_there,
    roles.oid is not null and pg_has_role(session_user, roles.oid, 'member') as is_member
from unnest(
        array['earnings_owner', 'earnings_migrator', 'earnings_operator', 'earnings_reader']
    ) as required (role_name)
left join pg_catalog.pg_roles as roles on required.role_name = roles.rolname
order by required.role_name
