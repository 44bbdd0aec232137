"""What will time do to the members of a program, if nothing else happens until then?"""
