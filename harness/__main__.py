"""`python -m harness` is `harness`: it takes no module from the working folder."""

from harness import house

if __name__ == "__main__":
    house.leave_working_folder()

    from harness.cli.main import main

    main()
