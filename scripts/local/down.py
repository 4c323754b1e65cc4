"""`make down`: ends the local cloud and the demo's site; their state stays for the next `make up`."""

from scripts.local import home
from scripts.local.cloud import Cloud, clear


def main() -> None:
    """Stop what was started."""
    running = home.processes()
    if running is None:
        print("Nothing is running.")
    else:
        print("Ending the local cloud and saving its state …", flush=True)
        home.end(running.demo_site)
        Cloud(running.cloud, running.port).stop()
        clear(home.HOME)
        print("Stopped. The state is kept in .local; what sleeps or waits goes on after the next make up.")
        print("Remove that folder to begin anew.")
    home.forget_processes()


if __name__ == "__main__":
    main()
