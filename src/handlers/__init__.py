"""One module for each Lambda function, and the edge they share."""

import gc

# A process of a function imports once and lives briefly: what is imported stays, and to look through it again and again
# for garbage is a tenth of a cold start. This holds for requests as well, whose garbage has few cycles.
gc.set_threshold(100_000, 50, 50)
