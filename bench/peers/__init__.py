"""Who is measured: one peer a file, its configuration beside it.

Every peer that judges is asked the same questions before it is measured (`audition`): what it must refuse, and what it must relay. One
that answers otherwise is not reported. nginx and HAProxy also run without any check: the floor of what relaying costs.
"""
