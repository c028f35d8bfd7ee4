{#- Notes, in the transaction and the snapshot of a mart, up to which moment it is final: as stg_earnings__watermark
    has it, which not every mart waits for. -#}
{% macro record_build() -%}
    {%- if execute and model.config.materialized != 'view' -%}
    {%- set mart = model.config.schema ~ '.' ~ model.name -%}
    {%- set slot = env_var('EARNINGS_SLOT', '') or 'direct' -%}
    insert into {{ target.schema }}.mart_builds (mart, slot, final_until, built_at, snapshot)
    values ('{{ mart }}', '{{ slot }}', earnings.final_until(), now(), pg_current_snapshot()::text)
    on conflict (mart, slot) do update
        set final_until = excluded.final_until, built_at = excluded.built_at, snapshot = excluded.snapshot;

    {% if slot == 'direct' -%}
        insert into {{ target.schema }}.published_marts (mart, slot)
        values ('{{ mart }}', 'direct')
        on conflict (mart) do update
            set slot = excluded.slot;
    {%- endif %}
    {%- endif -%}
{%- endmacro %}
