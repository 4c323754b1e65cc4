"""How clients of AWS are set up: bounded well below the gateway's 29 seconds."""

from botocore.config import Config

CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="lodol-executions",
)
