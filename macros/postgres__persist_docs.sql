{#- Carries the descriptions into the database, for the relation and every column of its file. dbt's
    own looks the columns up in the catalog, and a build's snapshot does not show a new table there. -#}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do run_query(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() and model.columns -%}
        {%- set comments -%}
            {%- for column in model.columns.values() %}
            comment on column {{ relation }}.{{ column.name }} is {{ postgres_escape_comment(column.description) }};
            {%- endfor -%}
        {%- endset -%}
        {%- do run_query(comments) -%}
    {%- endif -%}
{%- endmacro %}
