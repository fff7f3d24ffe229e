"""The day on which the books keep what is dated on a day: itself, or the first open one after."""

from django.db import migrations

MADE = """
create function first_open_day(entity bigint, day date) returns date language plpgsql as $$
declare shut record;
begin
    for shut in select * from shut_periods(array[entity]) loop
        if day >= shut.start and day < shut."end" then
            day := shut."end";
        end if;
    end loop;
    return day;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_a_line_has_its_place")]

    operations = [migrations.RunSQL(MADE, "drop function first_open_day(bigint, date)")]
