from edgel3_deploy.cli.main import main

main()
