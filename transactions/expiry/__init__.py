"""What does time do to points, and what may staff do about it?"""
