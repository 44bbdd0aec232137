"""What do all endpoints of the API share?"""
