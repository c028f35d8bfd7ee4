{#- Holds an incremental mart against its contract, and refuses to go on with other columns. dbt's own looks the
    table of the new rows up in the catalog, and a build's snapshot need not show the schema that it lies in. -#}
{% macro process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {%- set known = adapter.get_columns_in_relation(target_relation) -%}
    {%- if known | map(attribute='name') | sort != model.columns.keys() | sort -%}
        {%- do exceptions.raise_compiler_error(
            target_relation ~ ' has other columns than its contract: scripts/earnings build makes it anew'
        ) -%}
    {%- endif -%}
    {{- return(known) -}}
{%- endmacro %}
