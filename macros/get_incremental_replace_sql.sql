{#- The strategy of marts that are built anew each time: all rows go and all come, in one transaction. Neither
    drop nor truncate, so that whoever still reads the rows of before goes on seeing them (decision 0010). -#}
{% macro get_incremental_replace_sql(arguments) -%}
    delete from {{ arguments['target_relation'] }};
    {{ get_insert_into_sql(arguments['target_relation'], arguments['temp_relation'], arguments['dest_columns']) }}
{%- endmacro %}
