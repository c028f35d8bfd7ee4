{#- The two tables that say which build a mart holds: mart_builds what was built and up to when it is final (R19),
    published_marts which of it readers see. The slot is the schema that scripts/earnings build works in, or direct
    for a mart that dbt wrote in its place. -#}
{% macro create_record_of_builds() -%}
    {% if execute and not adapter.check_schema_exists(target.database, target.schema) -%}
    create schema {{ target.schema }};
    {%- endif %}

    create table if not exists {{ target.schema }}.mart_builds (
        mart text not null,
        slot text not null,
        final_until timestamptz,
        built_at timestamptz not null,
        snapshot text not null,
        primary key (mart, slot)
    );

    create table if not exists {{ target.schema }}.published_marts (
        mart text primary key,
        slot text not null,
        foreign key (mart, slot) references {{ target.schema }}.mart_builds (mart, slot)
    );
{%- endmacro %}
