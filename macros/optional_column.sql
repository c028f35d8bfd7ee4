{#- The column where the relation has it at run time, else a typed null: contract drops some (R26). -#}
{% macro optional_column(relation, column, type) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] -%}
    {%- if column in names -%}
        {{ column }}::{{ type }}
    {%- else -%}
        null::{{ type }}
    {%- endif -%}
{%- endmacro %}
