{#- Lets earnings_reader into the schemas named; select on their tables is a model's grant. -#}
{% macro let_readers_in(schemas) -%}
    {%- for schema in schemas if adapter.check_schema_exists(target.database, schema) -%}
    grant usage on schema {{ adapter.quote(schema) }} to earnings_reader;
    {%- endfor -%}
{%- endmacro %}
