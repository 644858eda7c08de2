"""What an SDK does when the server is in trouble.  The trouble is made by SQL,
and ends workers: this suite runs when no other does."""

import threading
import time
import unittest

from support import TestCase, client, drop_table, make_table, sql

ddb = client()


class Retries(TestCase):
    name = 'Boto3Retries'

    @classmethod
    def setUpClass(cls):
        make_table(ddb, cls.name, 'pk S')
        sql(f'''
            CREATE SEQUENCE public.boto3_trouble;
            GRANT USAGE ON public.boto3_trouble TO PUBLIC;
            CREATE FUNCTION public.boto3_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('public.boto3_trouble') <= 2 THEN
                    RAISE 'out of luck' USING ERRCODE = 'internal_error';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER trouble BEFORE INSERT ON dynamodb."{cls.name}"
                FOR EACH ROW EXECUTE FUNCTION public.boto3_trouble()''')

    @classmethod
    def tearDownClass(cls):
        drop_table(ddb, cls.name)
        sql('DROP FUNCTION public.boto3_trouble; DROP SEQUENCE public.boto3_trouble')

    def test_server_errors_are_retried(self):
        for mode in ('legacy', 'standard'):
            sql("SELECT setval('public.boto3_trouble', 1, false)")
            done = client(retries={'mode': mode}).put_item(TableName=self.name, Item={'pk': {'S': mode}})
            self.assertEqual(done['ResponseMetadata']['RetryAttempts'], 2)

    def test_server_error_is_raised_in_the_end(self):
        sql("SELECT setval('public.boto3_trouble', 1, false)")
        impatient = client(retries={'total_max_attempts': 2, 'mode': 'legacy'})
        with self.fails('InternalServerError', status=500) as failure:
            impatient.put_item(TableName=self.name, Item={'pk': {'S': 'x'}})
        self.assertEqual(failure.response['ResponseMetadata']['RetryAttempts'], 1)
        self.assertIsInstance(failure.exception, impatient.exceptions.InternalServerError)
        self.assertNotIn('out of luck', str(failure.exception))

    def test_terminated_workers(self):
        """Workers that end between requests are not noticed by the application."""
        sql("SELECT setval('public.boto3_trouble', 100)")
        patient = client(retries={'total_max_attempts': 10, 'mode': 'legacy'})
        for number in range(40):
            if number % 20 == 5:
                sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dynamo endpoint'")
            patient.put_item(TableName=self.name, Item={'pk': {'S': f'terminated {number}'}})
        got = patient.scan(TableName=self.name, FilterExpression='begins_with(pk, :t)',
                           ExpressionAttributeValues={':t': {'S': 'terminated'}}, Select='COUNT')
        self.assertEqual(got['Count'], 40)

    def test_waits_for_a_lock(self):
        """A row that a SQL transaction holds makes a write wait, not fail."""
        sql("SELECT setval('public.boto3_trouble', 100)")
        ddb.put_item(TableName=self.name, Item={'pk': {'S': 'locked'}})
        holder = threading.Thread(target=sql, args=(
            f"""BEGIN; SELECT FROM dynamodb."{self.name}" WHERE pk = 'locked' FOR UPDATE;
                SELECT pg_sleep(1); COMMIT""",))
        holder.start()
        while sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == '0':
            time.sleep(0.02)
        started = time.monotonic()
        done = ddb.update_item(TableName=self.name, Key={'pk': {'S': 'locked'}}, UpdateExpression='SET a = :a',
                               ExpressionAttributeValues={':a': {'N': '1'}})
        self.assertGreater(time.monotonic() - started, 0.3)
        self.assertEqual(done['ResponseMetadata']['RetryAttempts'], 0)
        holder.join()


if __name__ == '__main__':
    unittest.main()
